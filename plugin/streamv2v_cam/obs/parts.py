"""What a part of the OBS process is: one job, done in the thread that owns the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .session import ObsSession


class Part(Protocol):
    """One job. All calls come from the one thread that owns the session.

    A refused request may be raised: it is logged, and ends neither the session nor the other parts.
    """

    def connected(self, session: ObsSession) -> None:
        """A new connection: find out how things are now."""
        ...

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        """OBS told something."""
        ...

    def tick(self, session: ObsSession, now_s: float) -> None:
        """Called about twenty times a second."""
        ...


class Send(Protocol):
    """How a part reaches the program: one command or patch of the control API, without waiting."""

    def __call__(self, message: Mapping[str, Any], /) -> None: ...
