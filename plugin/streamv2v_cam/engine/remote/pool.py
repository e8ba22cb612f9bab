"""The engines of a server: at most so many, kept warm for a while when their host is gone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from streamv2v.config import StreamConfig

from ...frame import Frame
from ...store import Snapshot
from ..protocol import Failure, Message, Ready

NUMBERS = 1 << 32
"""Numbers of live values, and of requests to empty the bank, in one session."""
LINGER_S = 120.0
"""A host whose line broke comes back within that time and finds its engine loaded."""

log = logging.getLogger(__name__)


class Engine(Protocol):
    """What a session needs of an engine; an `EngineLink` is one."""

    config: StreamConfig
    ready: Ready | None

    @property
    def styled_sequence(self) -> int: ...
    def feed(self, frame: Frame) -> int: ...
    def update(self, snapshot: Snapshot) -> None: ...
    def hear(self, timeout_s: float) -> Iterator[Message]: ...
    def styled(self, *, after: int) -> tuple[int, Frame] | None: ...
    def close(self, *, at_once: bool = False) -> None: ...


Start = Callable[[StreamConfig, Snapshot], Engine]


class Full(Exception):
    """There is no engine for one more; says why."""


@dataclass
class Lease:
    """One engine and the session it works for.

    Attributes:
        link: the engine.
        session: counts sessions, from 1; a new one begins with an empty bank.
        last: sequence number of the newest styled picture that was taken from it.
    """

    link: Engine
    session: int
    last: int = 0
    idle_since_s: float = field(default=0.0, repr=False)

    def own(self, snapshot: Snapshot) -> Snapshot:
        """A host's live values with numbers that no session before had: the engine takes none for what it knows."""
        base = self.session * NUMBERS
        return replace(snapshot, revision=base + snapshot.revision, bank_resets=base + snapshot.bank_resets)


class EnginePool:
    """Engines by size; `take` and `give_back` come from the threads of sessions.

    Args:
        config: what each engine is built from, its size excepted.
        start: starts one.
        most: engines at a time.
        linger_s: how long one without a host is kept.

    Attributes:
        start: starts an engine from a configuration, outside the count.
    """

    def __init__(self, config: StreamConfig, start: Start, *, most: int, linger_s: float = LINGER_S) -> None:
        self.config, self.most = config, most
        self.start, self._linger_s = start, linger_s
        self._lock = threading.Lock()
        self._idle: list[Lease] = []
        self._busy = self._sessions = 0
        self._closed = False

    @property
    def busy(self) -> int:
        """Engines that work for a host."""
        return self._busy

    def take(self, config: StreamConfig, snapshot: Snapshot) -> Lease:
        """An engine built from `config`: a warm one, or a new one.

        Raises:
            Full: there are `most` at work, or whatever starts them has no room.
            EngineError: none can be started.
        """
        with self._lock:
            if self._closed or self._busy >= self.most:
                raise Full(f"{self._busy} of {self.most} engines are at work for others")
            self._busy += 1
            self._sessions += 1
            session = self._sessions
            warm = next((lease for lease in self._idle if lease.link.config == config), None)
            if warm is not None:
                self._idle.remove(warm)
            cold = self._idle[: max(0, len(self._idle) + self._busy - self.most)]
            self._idle = self._idle[len(cold) :]
        for lease in cold:
            lease.link.close()
        if warm is not None:
            if not any(isinstance(message, Failure) for message in warm.link.hear(0)):
                return Lease(warm.link, session, warm.link.styled_sequence)
            warm.link.close(at_once=True)
        try:
            return Lease(self.start(config, snapshot), session)
        except BaseException:
            with self._lock:
                self._busy -= 1
            raise

    def give_back(self, lease: Lease, *, keep: bool) -> None:
        """The session is over; an engine that is kept waits for the next."""
        with self._lock:
            self._busy -= 1
            keep = keep and not self._closed
            if keep:
                lease.idle_since_s = time.monotonic()
                self._idle.append(lease)
        if not keep:
            lease.link.close(at_once=True)

    def tidy(self) -> None:
        """End engines that nobody has come back for; call it now and then."""
        now_s = time.monotonic()
        with self._lock:
            over = [lease for lease in self._idle if now_s - lease.idle_since_s > self._linger_s]
            self._idle = [lease for lease in self._idle if lease not in over]
        for lease in over:
            log.info("nobody came back for an engine of %dx%d", lease.link.config.width, lease.link.config.height)
            lease.link.close()

    def close(self) -> None:
        """End all that wait; those at work end with their sessions."""
        with self._lock:
            self._closed = True
        self.clear()

    def clear(self) -> None:
        """End all that wait, to make room."""
        with self._lock:
            idle, self._idle = self._idle, []
        for lease in idle:
            lease.link.close()
