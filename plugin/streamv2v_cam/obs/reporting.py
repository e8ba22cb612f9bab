"""What the program, and so its page, is told about OBS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .onlyhand import mark_of
from .owner import ObsStatus
from .session import ObsSession

LONGEST_TEXT = 200


class Reporting:
    """Part: knows the scene on air and whether OBS streams or records.

    Args:
        tell: given the whole report with every change.
    """

    def __init__(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._tell = tell
        self._status = ObsStatus()
        self._scene, self._streaming, self._recording = "", False, False
        self._obs = ""

    def status(self, status: ObsStatus) -> None:
        """The connection came or went."""
        self._status = status
        self._report()

    def connected(self, session: ObsSession) -> None:
        self._obs = mark_of(session)
        self._scene = session.request("GetCurrentProgramScene").get("currentProgramSceneName", "")
        self._streaming = bool(session.request("GetStreamStatus").get("outputActive"))
        self._recording = bool(session.request("GetRecordStatus").get("outputActive"))
        self._report()

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        if name == "CurrentProgramSceneChanged":
            self._scene = str(data.get("sceneName", ""))
        elif name == "StreamStateChanged":
            self._streaming = bool(data.get("outputActive"))
        elif name == "RecordStateChanged":
            self._recording = bool(data.get("outputActive"))
        else:
            return
        self._report()

    def tick(self, session: ObsSession, now_s: float) -> None:
        pass

    def _report(self) -> None:
        here = self._status.connected
        self._tell(
            {
                "connected": here,
                "obs": self._obs[:LONGEST_TEXT] if here else "",
                "reason": self._status.reason[:LONGEST_TEXT],
                "version": self._status.version[:LONGEST_TEXT] if here else "",
                "scene": self._scene[:LONGEST_TEXT] if here else "",
                "streaming": here and self._streaming,
                "recording": here and self._recording,
            }
        )
