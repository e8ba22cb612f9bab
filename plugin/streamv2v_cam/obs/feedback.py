"""Back into OBS: what is on air as text in a source, and as events for other tools."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from .captions import caption_text
from .errors import RequestRefused
from .host import HostState
from .parts import Send
from .session import ObsSession
from .watching import ABSENT_PERIOD_S, NO_SUCH_THING

log = logging.getLogger(__name__)

CAPTION_PERIOD_S = 0.5
EVENT_PERIOD_S = 0.1
NOTICE_S = 6.0
"""How long the caption says that a prompt was not understood."""
US, THEM = "streamv2v", "streamv2v_command"


class Caption:
    """Part: keeps a text source of OBS saying what is on air.

    Args:
        source: its name.
        template: what it says, see `caption_text`.
        state: gives the program's state.
    """

    def __init__(self, source: str, template: str, state: Callable[[], HostState]) -> None:
        self._source, self._template, self._state = source, template, state
        self._shown: str | None = None
        self._next_s = 0.0
        self._told: int | None = None
        self._notice, self._notice_until_s = "", 0.0
        self._absent = False
        """It was said that OBS has no such source."""

    def connected(self, session: ObsSession) -> None:
        self._shown, self._absent = None, False

    def _text(self, state: HostState, now_s: float) -> str:
        """What the caption says now: for a few seconds that a prompt names no look, else what is on air."""
        number = state.notice.get("number", 0)
        names_none = state.notice.get("refused") or state.notice.get("answered")
        if self._told is not None and number > self._told and names_none:
            self._notice, self._notice_until_s = str(state.notice.get("text", "")), now_s + NOTICE_S
        self._told = number
        return self._notice if now_s < self._notice_until_s else caption_text(self._template, state)

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        if name in ("InputCreated", "InputNameChanged", "InputRemoved", "CurrentSceneCollectionChanged"):
            self._shown = None

    def tick(self, session: ObsSession, now_s: float) -> None:
        state = self._state()
        if now_s < self._next_s or not state.online:
            return
        self._next_s = now_s + CAPTION_PERIOD_S
        text = self._text(state, now_s)
        if text != self._shown:
            try:
                session.request("SetInputSettings", inputName=self._source, inputSettings={"text": text}, overlay=True)
            except RequestRefused as refusal:
                self._next_s = now_s + ABSENT_PERIOD_S
                if refusal.code != NO_SUCH_THING:
                    raise
                self._say_that_it_is_absent()
                return
            self._shown, self._absent = text, False

    def _say_that_it_is_absent(self) -> None:
        if not self._absent:
            log.warning("OBS has no text source %r (obs.caption_source); run: streamv2v-cam obs setup", self._source)
        self._absent = True


class CustomEvents:
    """Part: tells other clients of obs-websocket what changed, and takes commands from them.

    Out: CustomEvent {"streamv2v": {"look", "prompt", "mode", "strength", "revision"}}.
    In: CustomEvent {"streamv2v_command": {"command": "next_look"}} or {"streamv2v_command": {"controls": {...}}}.

    Args:
        state: gives the program's state.
        send: to the program.
    """

    def __init__(self, state: Callable[[], HostState], send: Send) -> None:
        self._state, self._send = state, send
        self._told_revision = -1
        self._next_s = 0.0

    def connected(self, session: ObsSession) -> None:
        self._told_revision = -1

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        message = data.get(THEM) if name == "CustomEvent" else None
        if isinstance(message, dict) and ("command" in message or "controls" in message):
            self._send({key: value for key, value in message.items() if key != "id"})

    def tick(self, session: ObsSession, now_s: float) -> None:
        state = self._state()
        if now_s < self._next_s or not state.online or state.revision == self._told_revision:
            return
        self._next_s = now_s + EVENT_PERIOD_S
        self._told_revision = state.revision
        news = {name: state.controls.get(name) for name in ("prompt", "mode", "strength")}
        session.request(
            "BroadcastCustomEvent", eventData={US: {**news, "look": state.look, "revision": state.revision}}
        )
