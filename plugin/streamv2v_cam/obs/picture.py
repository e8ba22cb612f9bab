"""The page's picture as a source of OBS: its settings, whether it is dead, and how it is opened again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .errors import ObsError, RequestRefused
from .host import HostState
from .seen import items_of
from .session import ObsSession
from .watching import NO_SUCH_THING

log = logging.getLogger(__name__)

STREAM_NAME = "StreamV2V picture"
LOOK_PERIOD_S = 1.0
PATIENCE_S = 2.5
"""A source that has just been shown or opened needs a moment until its first picture."""
LONGEST_PATIENCE_S = 20.0


def stream_settings(address: str) -> dict[str, Any]:
    """Settings of a media source that shows the MJPEG stream at `address`."""
    return {
        "is_local_file": False,
        "input": address,
        "input_format": "mpjpeg",
        "buffering_mb": 0,
        "reconnect_delay_sec": 1,
        # ffmpeg takes a proxy that is no http address for none, and does not look at http_proxy
        "ffmpeg_options": "http_proxy=none",
    }


def is_dead(session: ObsSession, scene: str) -> bool:
    """Whether the page's picture stands in `scene`, or in what is inside it, and has no size there."""
    for item in items_of(session, scene):
        if item.name == STREAM_NAME:
            container, number = item.path[-1]
            asked = session.request("GetSceneItemTransform", sceneName=container, sceneItemId=number)
            return not asked["sceneItemTransform"]["sourceWidth"]
    return False


def open_again(session: ObsSession, address: str) -> None:
    """Write the settings once more: that is what makes OBS close the source and connect anew."""
    session.request("SetInputSettings", inputName=STREAM_NAME, inputSettings=stream_settings(address), overlay=True)


class PictureKeeper:
    """Part: opens the page's picture in OBS again where it is shown and dead while the program is there.

    OBS gives up on a stream that ended while another scene was on air: the source says that it plays, has no size and
    asks nobody any more. A key of the address that was changed is written as well.

    Args:
        state: gives the program's state.
        address: asks the program where its picture is.
    """

    def __init__(self, state: Callable[[], HostState], address: Callable[[], str]) -> None:
        self._state, self._address = state, address
        self._next_s = 0.0
        self._dead_since_s: float | None = None
        self._patience_s = PATIENCE_S

    def connected(self, session: ObsSession) -> None:
        self._dead_since_s, self._next_s, self._patience_s = None, 0.0, PATIENCE_S

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        pass

    def tick(self, session: ObsSession, now_s: float) -> None:
        if now_s < self._next_s:
            return
        self._next_s = now_s + LOOK_PERIOD_S
        if not self._state().online or not _shown_and_dead(session):
            self._dead_since_s, self._patience_s = None, PATIENCE_S
        elif self._dead_since_s is None:
            self._dead_since_s = now_s
        elif now_s - self._dead_since_s >= self._patience_s:
            self._dead_since_s = now_s
            self._patience_s = min(2 * self._patience_s, LONGEST_PATIENCE_S)
            self._heal(session)

    def _heal(self, session: ObsSession) -> None:
        held = session.request("GetInputSettings", inputName=STREAM_NAME)["inputSettings"].get("input", "")
        try:
            ours = self._address()
        except ObsError:
            return
        # a person may reach the program by another name, or show something else there
        same_place = urlsplit(held).netloc == urlsplit(ours).netloc
        log.info("%r has no picture in OBS; it is opened again.", STREAM_NAME)
        open_again(session, ours if same_place or not held else held)


def _shown_and_dead(session: ObsSession) -> bool:
    try:
        if not session.request("GetSourceActive", sourceName=STREAM_NAME)["videoActive"]:
            return False
    except RequestRefused as refusal:
        if refusal.code != NO_SUCH_THING:
            raise
        return False
    return is_dead(session, session.request("GetCurrentProgramScene")["currentProgramSceneName"])
