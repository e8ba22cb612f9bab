"""A text source of OBS as the prompt box: what is typed there becomes the prompt."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .parts import Send
from .session import ObsSession
from .watching import InputWatch

log = logging.getLogger(__name__)

POLL_S = 0.25
SETTLED_S = 0.6
"""OBS tells of every letter; a prompt is sent once typing has paused that long."""


class PromptBox:
    """Part: an edited text source becomes the prompt.

    The text that stands there when OBS is found is left alone: a look may have been chosen since.

    Args:
        source: name of the text source.
        send: to the program.
    """

    def __init__(self, source: str, send: Send) -> None:
        self._send = send
        self._input = InputWatch(source, poll_s=POLL_S)
        self._text: str | None = None
        self._sent: str | None = None
        self._changed_s: float | None = None

    def connected(self, session: ObsSession) -> None:
        self._text = self._sent = _text_in(self._input.read(session))
        self._changed_s = None
        if self._text is None:
            log.warning("OBS has no text source %r (obs.prompt_source); run: streamv2v-cam obs setup", self._input.name)

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        if name == "CurrentSceneCollectionChanged":
            self.connected(session)
        else:
            self._look_at(self._input.told(name, data))

    def tick(self, session: ObsSession, now_s: float) -> None:
        self._look_at(self._input.due(session, now_s))
        if self._text == self._sent:
            self._changed_s = None
        elif self._changed_s is None:
            self._changed_s = now_s
        elif now_s - self._changed_s >= SETTLED_S:
            self._sent = self._text
            if self._text:
                self._send({"controls": {"prompt": self._text}})

    def _look_at(self, settings: Mapping[str, Any] | None) -> None:
        text = _text_in(settings)
        if text is not None and text != self._text:
            self._text, self._changed_s = text, None


def _text_in(settings: Mapping[str, Any] | None) -> str | None:
    """The text on one line; None where there is no such source."""
    return None if settings is None else " ".join(str(settings.get("text", "")).split())
