"""Telling: how an engine is said to be, put together from what it says itself and what its supervisor sees."""

from __future__ import annotations

import logging
from dataclasses import replace

from ..airstate import EngineState, EngineStatus
from .protocol import Notice, Progress

WAITING = "waiting for a picture"

log = logging.getLogger(__name__)


class Telling:
    """The status of an engine, for slate and page.

    Attributes:
        status: as it is now.
        note: what stays beside the state for as long as this engine runs; "" for nothing.
    """

    def __init__(self) -> None:
        self.status = EngineStatus(EngineState.STARTING)
        self.note = ""

    def say(self, state: EngineState, reason: str = "") -> None:
        """It is in that state from now on; without a reason, what stays to be said while it runs."""
        self.status = EngineStatus(state, reason or (self.note if state is EngineState.RUNNING else ""))

    def beside(self, text: str, reason: str = "") -> None:
        """It is busy with that beside its state."""
        self.status = replace(self.status, progress=text, reason=reason)

    def waiting(self) -> None:
        """It is built, and has no picture yet."""
        self.status = replace(self.status, progress=WAITING)

    def running(self) -> None:
        """Its first picture is there; what it said after it was ready, it does beside its frames."""
        beside = self.status.progress
        self.say(EngineState.RUNNING)  # why it was not holds no longer
        if beside != WAITING:
            self.beside(beside, self.status.reason)

    def hear(self, message: Progress | Notice) -> None:
        """Take what it says of itself."""
        if isinstance(message, Progress):
            share = "" if message.share is None or not message.text else f", {message.share:.0%}"
            self.status = replace(self.status, progress=f"{message.text}{share}")
            return
        log.log(logging.WARNING if message.lasting else logging.INFO, "%s", message.text)
        if message.lasting:
            self.note = message.text
