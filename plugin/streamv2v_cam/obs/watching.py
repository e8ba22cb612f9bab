"""Watching the settings of one input of OBS: by its events where OBS sends them, else by asking."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .errors import RequestRefused
from .session import ObsSession

log = logging.getLogger(__name__)

NO_SUCH_THING = 600
SAFETY_PERIOD_S = 1.0
ABSENT_PERIOD_S = 2.0
AGAIN_S = 0.3
"""After which an input that was not found is asked for once more: the event with its new name may be on its way."""


class InputWatch:
    """Gives the settings of an input whenever they may have changed.

    Args:
        name: of the input.
        poll_s: how often they are asked for where OBS (before 30.1) sends no event.
    """

    def __init__(self, name: str, *, poll_s: float) -> None:
        self.name, self._poll_s = name, poll_s
        self.present: bool | None = None
        """Whether OBS has the input; None before anybody asked."""
        self._events_seen = self._missed = False
        self._next_s = 0.0

    def read(self, session: ObsSession) -> Mapping[str, Any] | None:
        """Its settings now; None while there is no such input."""
        try:
            settings = session.request("GetInputSettings", inputName=self.name)["inputSettings"]
        except RequestRefused as refusal:
            if refusal.code != NO_SUCH_THING:
                raise
            if self.present and not self._missed:
                self._missed = True
            else:
                self._gone("was removed")
            return None
        self.present, self._missed = True, False
        return settings

    def told(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Its settings, where an event of OBS carries them."""
        if name == "CurrentSceneCollectionChanging":
            # each collection has inputs of its own: nothing was removed
            self.present = None
        if name == "InputNameChanged" and data.get("oldInputName") == self.name:
            self._gone(f"is called {data.get('inputName')!r} now")
        if name in ("InputCreated", "InputNameChanged") and data.get("inputName") == self.name:
            self._next_s = 0.0
        if name != "InputSettingsChanged" or data.get("inputName") != self.name:
            return None
        self._events_seen = True
        return data.get("inputSettings")

    def _gone(self, what: str) -> None:
        """Say once that an input that was there is not any more."""
        if self.present:
            way = "Give it its old name, or run: streamv2v-cam obs setup"
            log.warning("The input %r of OBS %s and is not followed any more. %s", self.name, what, way)
        self.present = self._missed = False

    def due(self, session: ObsSession, now_s: float) -> Mapping[str, Any] | None:
        """Its settings, where it is time to ask."""
        if now_s < self._next_s:
            return None
        settings = self.read(session)
        by_event = self._events_seen or session.has_settings_events
        pause_s = SAFETY_PERIOD_S if by_event else self._poll_s
        self._next_s = now_s + (AGAIN_S if self._missed else pause_s if self.present else ABSENT_PERIOD_S)
        return settings
