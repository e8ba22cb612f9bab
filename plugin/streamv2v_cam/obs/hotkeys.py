"""Hotkeys of OBS: presses that the Lua script writes into a hidden input become commands."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from .parts import Send
from .ring import RingReader
from .session import ObsSession
from .watching import InputWatch

log = logging.getLogger(__name__)

INPUT_NAME = "StreamV2V commands"
SETTINGS_KEY = "streamv2v"
KEYS_SETTING = "streamv2v_keys"
"""How many hotkeys have a key, as the script counts them."""
POLL_S = 0.05
GAP_S = 3.0
"""After a shorter break of the connection the presses made in it still count; after a longer one they are past."""

COMMANDS: dict[str, dict[str, Any]] = {
    "next_look": {"command": "next_look"},
    "previous_look": {"command": "previous_look"},
    "strength_up": {"command": "strength_up"},
    "strength_down": {"command": "strength_down"},
    "new_seed": {"command": "new_seed"},
    "effect": {"command": "effect"},
    "bypass": {"command": "toggle_bypass"},
    "freeze": {"command": "toggle_freeze"},
    # pressed twice in a panic it must still hide: the way back is a key of its own
    "privacy": {"command": "privacy"},
    "leave_privacy": {"command": "leave_privacy"},
    "reset": {"command": "reset_bank"},
    "recording": {"command": "toggle_recording"},
} | {f"look_{number}": {"command": "look", "number": number} for number in range(1, 10)}
"""What the script writes -> what the control API is told."""


class Hotkeys:
    """Part: each press of a StreamV2V hotkey becomes one command, in order.

    Args:
        send: to the program.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._ring = RingReader()
        self._input = InputWatch(INPUT_NAME, poll_s=POLL_S)
        self._lost_told = 0
        self._seen_s = -GAP_S
        self._changing = False
        """Between two scene collections: inputs, and the rings in them, come and go."""

    def connected(self, session: ObsSession) -> None:
        self._changing = False
        settings = self._input.read(session)
        if time.monotonic() - self._seen_s < GAP_S:
            self._pass_on(settings)
        else:
            self._ring.take(_ring_in(settings), live=False)
        self._say_if_absent()

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        told = self._input.told(name, data)
        if name == "CurrentSceneCollectionChanging":
            self._changing = True
        elif name == "CurrentSceneCollectionChanged":
            self._changing = False
            # what was pressed when that collection was last in use is saved in it
            self._ring.take(_ring_in(self._input.read(session)), live=False)
            self._say_if_absent()
        elif not self._changing:
            self._pass_on(told)

    def tick(self, session: ObsSession, now_s: float) -> None:
        if not self._changing:
            self._pass_on(self._input.due(session, now_s))
        self._seen_s = time.monotonic()

    def _say_if_absent(self) -> None:
        if not self._input.present:
            log.warning("OBS has no input %r, so its hotkeys cannot reach us; run: streamv2v-cam obs setup", INPUT_NAME)

    def _pass_on(self, settings: Mapping[str, Any] | None) -> None:
        if settings is None:
            return
        for command in self._ring.take(_ring_in(settings)):
            if command in COMMANDS:
                self._send(COMMANDS[command])
            else:
                log.warning("The OBS script sent %r, which is no command; take the script of this version.", command)
        if self._ring.lost > self._lost_told:
            log.warning("%d hotkey presses came too fast and are lost.", self._ring.lost - self._lost_told)
            self._lost_told = self._ring.lost


def _ring_in(settings: Mapping[str, Any] | None) -> str | None:
    return (settings or {}).get(SETTINGS_KEY)
