"""Scenes and sources of OBS choose looks, by the tables of the settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .parts import Send
from .seen import Place, items_of
from .session import ObsSession

log = logging.getLogger(__name__)


CHANGES = ("SceneItemEnableStateChanged", "SceneItemCreated", "SceneItemRemoved")


class SceneLooks:
    """Part: switching to a scene, or a source that comes into sight in it, chooses its look.

    Sources count wherever they stand: in a group, or in a scene inside the one on air. A source that is visible already
    when its scene is switched to counts as well, and goes before the scene's own look; of several the topmost does.
    What is on air when OBS is found counts as switched to, unless it was on air before already.

    Args:
        scenes: name of a scene -> name or number of a look.
        sources: name of a source -> name or number of a look.
        send: to the program.
    """

    def __init__(self, scenes: Mapping[str, str], sources: Mapping[str, str], send: Send) -> None:
        self._scenes, self._sources, self._send = scenes, sources, send
        self._on_air: str | None = None
        self._seen: dict[str, set[tuple[Place, ...]]] = {}
        """Sources of the table that viewers see, and where."""
        self._studio, self._preview = False, ""

    def connected(self, session: ObsSession) -> None:
        self._studio = bool(session.request("GetStudioModeEnabled")["studioModeEnabled"])
        self._preview = self._preview_of(session)
        self._switched_to(session, session.request("GetCurrentProgramScene").get("currentProgramSceneName", ""))
        self._say_what_is_absent(session)

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        if name == "CurrentProgramSceneChanged":
            self._switched_to(session, data.get("sceneName", ""))
        elif name == "CurrentSceneCollectionChanged":
            self.connected(session)
        elif name == "SceneNameChanged":
            self._renamed(data.get("oldSceneName", ""), data.get("sceneName", ""))
        elif name == "InputNameChanged" and data.get("oldInputName") in self._sources:
            old, new = data["oldInputName"], data.get("inputName")
            log.warning("The source %r of OBS is called %r now; obs.sources still names the old one.", old, new)
        elif name == "StudioModeStateChanged":
            self._studio = bool(data.get("studioModeEnabled"))
            self._preview = self._preview_of(session)
        elif name == "CurrentPreviewSceneChanged":
            self._preview = str(data.get("sceneName", ""))
        elif name in CHANGES and self._sources and not self._only_prepared():
            if name == "SceneItemEnableStateChanged":
                self._forget((str(data.get("sceneName")), int(data.get("sceneItemId", -1))))
            self._choose(self._come_into_sight(session))

    def tick(self, session: ObsSession, now_s: float) -> None:
        pass

    def _switched_to(self, session: ObsSession, scene: str) -> None:
        changed, self._on_air = scene != self._on_air, scene
        look = self._scenes.get(scene) if changed else None
        if look is not None:
            # the scene brings its own look, so what stays in sight says its word again
            self._seen = {}
        self._choose(self._come_into_sight(session) or look)

    def _come_into_sight(self, session: ObsSession) -> str | None:
        """The look of the topmost source that viewers see since now; None when there is none."""
        if not self._sources or not self._on_air:
            return None
        before, self._seen, chosen = self._seen, {}, None
        for item in items_of(session, self._on_air):
            if item.shown and item.name in self._sources:
                self._seen.setdefault(item.name, set()).add(item.path)
                if item.name not in before:
                    chosen = self._sources[item.name]
        return chosen

    def _forget(self, place: Place) -> None:
        """An item was switched: what it shows comes anew if it is seen, however fast it was hidden and shown."""
        for name, paths in list(self._seen.items()):
            self._seen[name] = {path for path in paths if place not in path}
            if not self._seen[name]:
                del self._seen[name]

    def _only_prepared(self) -> bool:
        """In studio mode a scene that is on air and in the preview is edited as a copy, until it is taken over."""
        return self._studio and self._preview == self._on_air

    def _preview_of(self, session: ObsSession) -> str:
        if not self._studio:
            return ""
        return str(session.request("GetCurrentPreviewScene").get("currentPreviewSceneName", ""))

    def _renamed(self, old: str, new: str) -> None:
        if old == self._on_air:
            self._on_air = new
        if old in self._scenes:
            log.warning("The scene %r of OBS is called %r now; obs.scenes still names the old one.", old, new)

    def _choose(self, look: str | None) -> None:
        if look is not None:
            self._send(look_command(look))

    def _say_what_is_absent(self, session: ObsSession) -> None:
        known = {item["sceneName"] for item in session.request("GetSceneList")["scenes"]}
        for name in self._scenes:
            if name not in known:
                log.info("This scene collection of OBS has no scene %r (obs.scenes).", name)
        inputs = {item["inputName"] for item in session.request("GetInputList")["inputs"]} if self._sources else set()
        for name in self._sources:
            if name not in inputs | known | set(session.request("GetGroupList")["groups"]):
                log.info("This scene collection of OBS has no source %r (obs.sources).", name)


def look_command(look: str) -> dict[str, Any]:
    """The command for a look as the settings name it: by number or by name."""
    if look.strip().isdecimal():
        return {"command": "look", "number": int(look)}
    return {"command": "look", "name": look}
