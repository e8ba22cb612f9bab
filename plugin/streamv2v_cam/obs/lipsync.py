"""Lips and voice together: the microphone is held back as long as the picture takes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from .errors import ObsError, RequestRefused
from .host import HostState
from .session import ObsSession

log = logging.getLogger(__name__)

LONGEST_OFFSET_MS = 20_000
KEEP_PERIOD_S = 10.0
WORTH_MS = 20
"""Smaller differences are neither seen nor heard."""
MICROPHONES = ("mic1", "mic2", "mic3", "mic4")


def offset_ms(state: HostState) -> int:
    """How far the picture is behind: the median time from camera to air.

    Raises:
        ObsError: not measured yet.
    """
    latency = state.telemetry.get("latency_p50_ms")
    if not latency:
        raise ObsError("No latency has been measured yet: no styled picture is on air. Repeat when there is one.")
    return min(round(latency), LONGEST_OFFSET_MS)


def microphone(session: ObsSession, wanted: str | None) -> str:
    """Name of the input whose sound is held back.

    Args:
        wanted: its name; None takes OBS's own first microphone, or the only sound input there is.

    Raises:
        ObsError: there is none, or several.
    """
    if wanted:
        return wanted
    special = session.request("GetSpecialInputs")
    for place in MICROPHONES:
        if special.get(place):
            return special[place]
    inputs = session.request("GetInputList")["inputs"]
    sound = [item["inputName"] for item in inputs if "input_capture" in item["inputKind"] and _sounds(item)]
    if len(sound) == 1:
        return sound[0]
    found = f"there are {', '.join(sound)}" if sound else "there is none"
    raise ObsError(f"Which microphone? OBS has no Mic/Aux set, and of sound inputs {found}. Name it in obs.microphone.")


def set_offset(session: ObsSession, name: str, milliseconds: int) -> int:
    """Hold the input back; returns what it was before, ms.

    Raises:
        ObsError: OBS has no such input, or it has no sound.
    """
    try:
        before = session.request("GetInputAudioSyncOffset", inputName=name)["inputAudioSyncOffset"]
        session.request("SetInputAudioSyncOffset", inputName=name, inputAudioSyncOffset=milliseconds)
    except RequestRefused as refusal:
        raise ObsError(f"The sound of {name!r} cannot be held back: {refusal}") from None
    return int(before)


class KeepInSync:
    """Part: follows the measured latency with the microphone's offset.

    Args:
        wanted: name of the microphone; None finds it.
        state: gives the program's state.
    """

    def __init__(self, wanted: str | None, state: Callable[[], HostState]) -> None:
        self._wanted, self._state = wanted, state
        self._set_ms: int | None = None
        self._next_s = 0.0
        self._complaint = ""

    def connected(self, session: ObsSession) -> None:
        self._set_ms = None
        self._next_s = 0.0

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        pass

    def tick(self, session: ObsSession, now_s: float) -> None:
        state = self._state()
        if now_s < self._next_s or not state.online or not state.telemetry.get("latency_p50_ms"):
            return
        self._next_s = now_s + KEEP_PERIOD_S
        wanted_ms = offset_ms(state)
        if self._set_ms is None or abs(wanted_ms - self._set_ms) >= WORTH_MS:
            try:
                set_offset(session, microphone(session, self._wanted), wanted_ms)
                self._set_ms = wanted_ms
            except ObsError as error:
                if not session.alive:
                    raise
                if str(error) != self._complaint:
                    self._complaint = str(error)
                    log.warning("%s", error)


def _sounds(item: Mapping[str, Any]) -> bool:
    """Whether an input of a "..._input_capture" kind is one of sound, not of a screen or window."""
    return any(part in item["inputKind"] for part in ("wasapi", "coreaudio", "pulse", "alsa", "jack"))
