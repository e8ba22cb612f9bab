"""ObsThread: the one thread that speaks to OBS, and keeps finding it again."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .errors import ObsError, ObsPasswordWrong, ObsUnreachable, RequestRefused
from .parts import Part
from .session import NOT_READY, ObsAddress, ObsSession

log = logging.getLogger(__name__)

TICK_S = 0.05
HEARTBEAT_S = 5.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True)
class ObsStatus:
    """How it stands with OBS.

    Attributes:
        connected: OBS answers.
        reason: why not, one line.
        version: of OBS.
        connections: how many there were.
    """

    connected: bool = False
    reason: str = "looking for OBS"
    version: str = ""
    connections: int = 0


class ObsThread:
    """Connects, lets the parts work, and begins anew when OBS goes away, hangs or comes back.

    Between tries it waits 1 s, then twice as long each time up to 30 s; with a wrong password 30 s at once.

    Args:
        address: of OBS.
        parts: what there is to do.
        on_status: called in this thread with every change.
        password: gives the password of the next try, so that a corrected one is taken up; None keeps the address's.
    """

    def __init__(
        self,
        address: ObsAddress,
        parts: Sequence[Part],
        *,
        on_status: Callable[[ObsStatus], None] = lambda status: None,
        password: Callable[[], str] | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        self._address, self._parts, self._password = address, parts, password
        self._on_status, self._timeout_s = on_status, timeout_s
        self._stopping = threading.Event()
        self._told: set[str] = set()
        self.status = ObsStatus()
        self._thread = threading.Thread(target=self._run, name="obs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the connection; safe to call twice, or before `start`."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            before = self.status.connections
            try:
                self._serve_one()
            except ObsPasswordWrong as error:
                self._away(str(error))
                pause_s = LONGEST_PAUSE_S
            except ObsError as error:
                self._away(str(error))
            except Exception as error:
                log.exception("A fault in the OBS process (%s); the connection is begun anew.", type(error).__name__)
                self._away(f"a fault of the program ({type(error).__name__}); its log shows where")
            if self.status.connections > before:
                pause_s = FIRST_PAUSE_S
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _serve_one(self) -> None:
        """One connection from its beginning to its end."""
        address = replace(self._address, password=self._password()) if self._password else self._address
        inbox: queue.SimpleQueue[tuple[str, Mapping[str, Any]]] = queue.SimpleQueue()
        session = ObsSession(address, lambda name, data: inbox.put((name, data)), timeout_s=self._timeout_s)
        try:
            self._told.clear()
            for part in self._parts:
                self._let(part.connected, session)
            # only now: a key that is pressed because we say so must find its listener
            self._now(ObsStatus(True, "", session.version, self.status.connections + 1))
            log.info("Connected to OBS %s at %s.", session.version, address)
            self._serve(session, inbox)
        finally:
            session.close()

    def _serve(self, session: ObsSession, inbox: queue.SimpleQueue[tuple[str, Mapping[str, Any]]]) -> None:
        tick_s = heartbeat_s = time.monotonic()
        while not self._stopping.is_set():
            try:
                name, data = inbox.get(timeout=max(0.0, tick_s + TICK_S - time.monotonic()))
            except queue.Empty:
                name, data = "", {}
            if name == "ExitStarted":
                raise ObsUnreachable("OBS is closing.")
            if name:
                for part in self._parts:
                    self._let(part.event, session, name, data)
            if not session.alive:
                raise ObsUnreachable("OBS has gone.")
            now_s = time.monotonic()
            if now_s >= heartbeat_s + HEARTBEAT_S:
                heartbeat_s = now_s
                session.request("GetVersion")
            if now_s >= tick_s + TICK_S:
                tick_s = now_s
                for part in self._parts:
                    self._let(part.tick, session, now_s)

    def _let(self, work: Callable[..., None], *arguments: Any) -> None:
        """One part's work; a refusal is told once for each connection."""
        try:
            work(*arguments)
        except RequestRefused as refusal:
            # "not ready" is what OBS says between two scene collections
            if refusal.code != NOT_READY and str(refusal) not in self._told:
                self._told.add(str(refusal))
                log.warning("%s", refusal)

    def _away(self, reason: str) -> None:
        if self.status.reason != reason:
            log.warning("%s", reason)
        self._now(replace(self.status, connected=False, reason=reason))

    def _now(self, status: ObsStatus) -> None:
        if status != self.status:
            self.status = status
            self._on_status(status)
