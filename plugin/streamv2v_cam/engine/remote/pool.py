"""The engines of a server: at most so many, kept warm for a while when their host is gone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from streamv2v.config import StreamConfig

from ...store import Snapshot
from ..link import EngineLink
from ..protocol import Failure

NUMBERS = 1 << 32
"""Numbers of live values, and of requests to empty the bank, in one session."""
LINGER_S = 120.0
"""A host whose line broke comes back within that time and finds its engine loaded."""

Start = Callable[[StreamConfig, Snapshot], EngineLink]
log = logging.getLogger(__name__)


class Full(Exception):
    """All engines are at work for others."""


@dataclass
class Lease:
    """One engine and the session it works for.

    Attributes:
        link: the engine.
        session: counts sessions, from 1; a new one begins with an empty bank.
        last: sequence number of the newest styled picture that was taken from it.
    """

    link: EngineLink
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
            Full: there are `most` at work.
            EngineError: none can be started.
        """
        with self._lock:
            if self._closed or self._busy >= self.most:
                raise Full
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
            idle, self._idle = self._idle, []
        for lease in idle:
            lease.link.close()
