"""The engine's size by rate: what this machine carries at the wanted pictures a second, seen on air and remembered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from streamv2v.config import StreamConfig
from streamv2v.tuning.autotune import Trials, stream_key

from ..airstate import EngineState, EngineStatus
from ..telemetry import TelemetrySnapshot

QUESTION = "rate"
ENOUGH, AMPLE = 0.75, 1.25
"""Of the wanted rate: a size is kept down to the one, a larger one is taken where it will have the other."""
CALM_S = 10.0
"""The engine draws frames and does nothing else for so long before its rate counts: as long as telemetry looks back."""
LEAST_FRAMES = 8
STEPS = 2
"""Changes of size in a row at most: one by the estimate, one more by what came of it."""
BUSY_CORES = 0.5
"""What others take of the machine beyond this makes a rate that of the moment: it is used and not remembered."""

Size = tuple[int, int]
"""Width and height in the engine, px."""


class Engine(Protocol):
    """What is looked at and rebuilt."""

    @property
    def config(self) -> StreamConfig: ...

    def rebuild(self, config: StreamConfig) -> None: ...

    def status(self) -> EngineStatus: ...


@dataclass(frozen=True)
class Rate:
    """Pictures a second that were seen at one size."""

    size: Size
    fps: float

    def at(self, size: Size) -> float:
        """What another size is thought to give: the work of a picture grows with its area."""
        return self.fps * (self.size[0] * self.size[1]) / (size[0] * size[1])


def carried(ladder: Mapping[str, Size], seen: Rate, wanted_fps: float) -> str:
    """The name of the size that fits the wanted rate; the one that was seen is kept while it is near enough.

    Args:
        ladder: names and sizes, rising.
        seen: what came of one of them.
        wanted_fps: pictures a second.
    """
    rising = list(ladder)
    present = next((name for name, size in ladder.items() if size == seen.size), None)
    ample = [name for name in rising if seen.at(ladder[name]) >= AMPLE * wanted_fps]
    enough = [name for name in rising if seen.at(ladder[name]) >= ENOUGH * wanted_fps]
    largest = ample[-1] if ample else rising[0]
    if present is None:
        return enough[-1] if enough else rising[0]
    if rising.index(largest) > rising.index(present):
        return largest
    return present if present in enough else (enough[-1] if enough else rising[0])


class SizeByRate:
    """Follows the rate of the engine on air until its size fits it.

    Args:
        engine: what runs.
        ladder: names and sizes that may be taken, rising.
        telemetry: the figures of the last seconds.
        trials: what was seen on this machine before.
        wanted_fps: pictures a second that the engine should give.
        others: cores that other programs have kept busy since it was asked the last time.
        clock: seconds.

    Attributes:
        wanted_fps: see above; 0 while sizes are chosen by hand.
        told: what came of it, for people.
    """

    def __init__(
        self,
        engine: Engine,
        ladder: Mapping[str, Size],
        *,
        telemetry: Callable[[], TelemetrySnapshot],
        trials: Trials,
        wanted_fps: float,
        others: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._ladder, self._telemetry, self._trials = engine, ladder, telemetry, trials
        self._others, self._clock = others, clock
        self._key = rate_key(engine.config)
        self.wanted_fps, self.told = 0.0, ""
        self.want(wanted_fps)

    def turn_to(self, ladder: Mapping[str, Size]) -> None:
        """Another model is on air: choose among its sizes."""
        self._ladder, self._key = ladder, rate_key(self._engine.config)
        self.want(self.wanted_fps)

    def want(self, wanted_fps: float) -> None:
        """Choose by this rate from now on; 0 leaves the size as it is."""
        self.wanted_fps, self._steps_left = wanted_fps, STEPS if wanted_fps > 0 else 0
        self._asked: Size | None = None
        self._calm: tuple[float, int] | None = None
        self.told = f"{wanted_fps:g} a second wanted" if wanted_fps > 0 else ""

    def follow(self) -> None:
        """Look once; call it a few times a second."""
        if not self._steps_left:
            return
        status = self._engine.status()
        if status.state is not EngineState.RUNNING or status.progress:
            self._calm = None
            return
        now_s, figures = self._clock(), self._telemetry()
        if self._calm is None:
            self._calm = now_s, figures.styled
            self._others()
        since_s, styled = self._calm
        if now_s - since_s < CALM_S or figures.styled - styled < LEAST_FRAMES or not figures.engine_ms:
            return
        config = self._engine.config
        size = (config.width, config.height)
        if size not in self._ladder.values():
            # memory has chosen it, and would have the engine end for a larger one
            self._steps_left, self.told = 0, f"{size[0]}x{size[1]} is what memory allows"
            return
        self._judge(Rate(size, 1000 / figures.engine_ms))

    def _judge(self, seen: Rate) -> None:
        self._calm = None
        self._steps_left -= 1
        busy = self._others() > BUSY_CORES
        if not busy:
            remember(self._trials, self._key, seen)
        width, height = seen.size
        self.told = f"{width}x{height} gives {seen.fps:.1f} a second, {self.wanted_fps:g} wanted"
        if busy:
            self.told += ", beside other programs"
        name = carried(self._ladder, seen, self.wanted_fps)
        if self._ladder[name] in (seen.size, self._asked):
            self._steps_left = 0
            return
        if self._asked is not None and self._asked != seen.size:
            self._steps_left = 0  # what was asked for did not come: memory or a fault had a word in it
            return
        self._asked = self._ladder[name]
        self._engine.rebuild(_of_size(self._engine.config, self._asked))


def remembered_size(config: StreamConfig, ladder: Mapping[str, Size], trials: Trials, wanted_fps: float) -> Size | None:
    """The size that fitted the wanted rate on this machine before; None where nothing is known.

    Args:
        config: of the usual size.
        ladder: names and sizes that may be taken, rising.
        trials: what was seen.
        wanted_fps: pictures a second.
    """
    seen = recall(trials, rate_key(config))
    return None if seen is None else ladder[carried(ladder, seen, wanted_fps)]


def rate_key(config: StreamConfig) -> str:
    """A key of machine, model and precision, whatever the size."""
    size_apart = _of_size(config, (64, 64))
    return stream_key(size_apart, config.device, config.dtype, config.acceleration)


def remember(trials: Trials, key: str, seen: Rate) -> None:
    """Keep what was seen."""
    trials.remember(QUESTION, key, [*seen.size, round(seen.fps, 3)])


def recall(trials: Trials, key: str) -> Rate | None:
    """What was seen before; None for nothing, or nothing that makes sense."""
    match trials.recall(QUESTION, key):
        case [int(width), int(height), int() | float() as fps] if width > 0 and height > 0 and fps > 0:
            return Rate((width, height), float(fps))
    return None


def _of_size(config: StreamConfig, size: Size) -> StreamConfig:
    return replace(config, width=size[0], height=size[1])
