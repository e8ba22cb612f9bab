"""One hand on one OBS: of two OBS processes for the same OBS and program, the second does nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import RequestRefused
from .parts import Part
from .session import ObsSession

REALM, SLOT = "OBS_WEBSOCKET_DATA_REALM_GLOBAL", "streamv2v.obs"


def mark_of(session: ObsSession) -> str:
    """A mark that tells this OBS from others, by whatever address it is reached; OBS keeps it itself.

    Returns:
        "" where OBS keeps nothing.
    """
    try:
        mark = session.request("GetPersistentData", realm=REALM, slotName=SLOT).get("slotValue")
        if not isinstance(mark, str) or not mark:
            mark = secrets.token_hex(8)
            session.request("SetPersistentData", realm=REALM, slotName=SLOT, slotValue=mark)
    except RequestRefused:
        return ""
    return mark


class OnlyHand:
    """Part: lets the other parts work unless another process does the same already.

    Args:
        parts: that work.
        refused: whether the program listens to another process.
    """

    def __init__(self, parts: Sequence[Part], refused: Callable[[], bool]) -> None:
        self.parts, self._refused = parts, refused
        self._begun = False

    def connected(self, session: ObsSession) -> None:
        self._begun = False
        self._begin(session)

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        if self._begin(session):
            self._each(lambda part: part.event(session, name, data))

    def tick(self, session: ObsSession, now_s: float) -> None:
        if self._begin(session):
            self._each(lambda part: part.tick(session, now_s))

    def _begin(self, session: ObsSession) -> bool:
        """Whether the parts work; those that could not until now find out how things are."""
        if self._refused():
            self._begun = False
        elif not self._begun:
            self._begun = True
            self._each(lambda part: part.connected(session))
        return self._begun

    def _each(self, work: Callable[[Part], None]) -> None:
        """Every part's turn; of their refusals the first is raised, once all had theirs."""
        refusals: list[RequestRefused] = []
        for part in self.parts:
            try:
                work(part)
            except RequestRefused as refusal:
                refusals.append(refusal)
        if refusals:
            raise refusals[0]
