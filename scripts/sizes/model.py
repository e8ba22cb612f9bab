"""The model of a fleet: plain numbers in, plain numbers out."""

from __future__ import annotations

import math
from dataclasses import dataclass

REFUSED_SHARE = 0.01
"""Of those who come, so many may find no seat."""


@dataclass(frozen=True)
class Engine:
    """What one engine on one device was measured or counted to take.

    Attributes:
        frame_s: seconds of a frame with nothing beside it, so that frames of several sessions come one after another.
        shared_bytes: of the device's memory, once: weights and libraries.
        session_bytes: of it, for every session: bank, working tensors, margin.
        device_bytes: what the device has for all that.
        bytes_in, bytes_out: of a picture on the line.
    """

    frame_s: float
    shared_bytes: int
    session_bytes: int
    device_bytes: int
    bytes_in: float
    bytes_out: float


@dataclass(frozen=True)
class Wish:
    """What every session shall have.

    Attributes:
        fps: styled pictures a second.
        busy: share of the device's time that may be used, since frames do not come in step.
        line_bits: bit/s of the device's line in each direction.
    """

    fps: float
    busy: float = 0.85
    line_bits: float = 10e9


@dataclass(frozen=True)
class PerDevice:
    """Sessions of a device, by each of what may end first."""

    time: int
    memory: int
    line: int

    @property
    def sessions(self) -> int:
        return min(self.time, self.memory, self.line)

    @property
    def by(self) -> str:
        """What ends first."""
        return next(name for name in ("time", "memory", "line") if getattr(self, name) == self.sessions)


def fps_of(sessions: int, engine: Engine, wanted_fps: float) -> float:
    """Styled pictures a second of each of so many sessions that take turns; the newest wins, no frame waits."""
    return min(wanted_fps, 1 / (max(1, sessions) * engine.frame_s))


def per_device(engine: Engine, wish: Wish) -> PerDevice:
    """Sessions of one device that all get what is wished."""
    most_bytes = max(engine.bytes_in, engine.bytes_out) * wish.fps
    return PerDevice(
        time=math.floor(wish.busy / (engine.frame_s * wish.fps)),
        memory=max(0, int((engine.device_bytes - engine.shared_bytes) // max(1, engine.session_bytes))),
        line=math.floor(wish.line_bits / 8 / most_bytes) if most_bytes else 1 << 30,
    )


def seats_for(mean_sessions: float, refused: float = REFUSED_SHARE) -> int:
    """Seats so that of hosts that come at random, and stay as long as they like, at most that share finds none.

    Erlang's loss formula, whose recursion needs no simulation: only the mean number of open sessions counts.
    """
    blocked, seats = 1.0, 0
    while blocked > refused:
        seats += 1
        blocked = mean_sessions * blocked / (seats + mean_sessions * blocked)
    return seats


@dataclass(frozen=True)
class Fleet:
    """A fleet for so many open sessions in the mean.

    Attributes:
        sessions: open in the mean.
        seats: that it has, so that hardly anybody is refused.
        devices: that carry them.
        in_bits, out_bits: bit/s in and out of the fleet, in the mean.
        cost: an hour, in the currency of the prices; None where no price was given.
    """

    sessions: int
    seats: int
    devices: int
    in_bits: float
    out_bits: float
    cost: float | None


def fleet(
    sessions: int, engine: Engine, wish: Wish, *, device_price: float | None = None, out_price: float = 0.0
) -> Fleet:
    """What so many sessions need.

    cost = devices * device_price + gigabytes out an hour * out_price

    Args:
        device_price: of a device for an hour.
        out_price: of a gigabyte (1e9 bytes) that leaves.

    Raises:
        ValueError: one device carries not even one session.
    """
    each = per_device(engine, wish)
    if each.sessions < 1:
        raise ValueError(f"A device carries no session of that wish: {each.by} ends first.")
    seats = seats_for(sessions)
    devices = math.ceil(seats / each.sessions)
    in_bits, out_bits = (8 * size * wish.fps * sessions for size in (engine.bytes_in, engine.bytes_out))
    cost = None if device_price is None else devices * device_price + out_bits / 8 * 3600 / 1e9 * out_price
    return Fleet(sessions, seats, devices, in_bits, out_bits, cost)
