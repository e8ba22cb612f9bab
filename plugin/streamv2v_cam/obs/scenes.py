"""Scenes and sources of OBS choose looks, by the tables of the settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .parts import Send
from .session import ObsSession

log = logging.getLogger(__name__)


class SceneLooks:
    """Part: switching to a scene, or showing a source in the scene on air, chooses its look.

    The scene that is on air when OBS is found counts as switched to, unless it was on air before already.

    Args:
        scenes: name of a scene -> name or number of a look.
        sources: name of a source -> name or number of a look.
        send: to the program.
    """

    def __init__(self, scenes: Mapping[str, str], sources: Mapping[str, str], send: Send) -> None:
        self._scenes, self._sources, self._send = scenes, sources, send
        self._on_air: str | None = None

    def connected(self, session: ObsSession) -> None:
        self._switched_to(session.request("GetCurrentProgramScene").get("currentProgramSceneName", ""))
        known = {item["sceneName"] for item in session.request("GetSceneList")["scenes"]}
        for name in self._scenes:
            if name not in known:
                log.info("This scene collection of OBS has no scene %r (obs.scenes).", name)

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        if name == "CurrentProgramSceneChanged":
            self._switched_to(data.get("sceneName", ""))
        elif name == "SceneNameChanged" and data.get("oldSceneName") == self._on_air:
            self._on_air = data.get("sceneName", "")
        elif name == "SceneItemEnableStateChanged" and data.get("sceneItemEnabled") and self._sources:
            self._shown(session, data)

    def tick(self, session: ObsSession, now_s: float) -> None:
        pass

    def _switched_to(self, scene: str) -> None:
        if scene != self._on_air:
            self._on_air = scene
            if scene in self._scenes:
                self._send(look_command(self._scenes[scene]))

    def _shown(self, session: ObsSession, data: Mapping[str, Any]) -> None:
        if data.get("sceneName") != self._on_air:
            # the same source may be edited in a scene that nobody sees
            return
        items = session.request("GetSceneItemList", sceneName=data["sceneName"])["sceneItems"]
        name = next((item["sourceName"] for item in items if item["sceneItemId"] == data.get("sceneItemId")), None)
        if isinstance(name, str) and name in self._sources:
            self._send(look_command(self._sources[name]))


def look_command(look: str) -> dict[str, Any]:
    """The command for a look as the settings name it: by number or by name."""
    if look.strip().isdecimal():
        return {"command": "look", "number": int(look)}
    return {"command": "look", "name": look}
