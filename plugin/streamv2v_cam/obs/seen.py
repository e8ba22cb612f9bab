"""What a scene of OBS shows, with everything in the groups and scenes inside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .errors import RequestRefused
from .session import ObsSession

Place = tuple[str, int]
"""Name of a scene or group, and the number of an item in it."""
DEEPEST = 8
"""Scenes do not hold themselves, but nobody nests further."""
SCENE_TYPE = "OBS_SOURCE_TYPE_SCENE"


@dataclass(frozen=True)
class Item:
    """One source where it stands.

    Attributes:
        name: of the source.
        path: the places that lead to it, its own last.
        shown: it and everything it stands in is visible.
    """

    name: str
    path: tuple[Place, ...]
    shown: bool


def items_of(session: ObsSession, scene: str) -> list[Item]:
    """Everything in `scene`, from the lowest to the topmost; a group or scene comes before what is in it."""
    return list(_within(session, scene, (), shown=True, group=False))


def _within(
    session: ObsSession, container: str, path: tuple[Place, ...], *, shown: bool, group: bool
) -> Iterator[Item]:
    ask = "GetGroupSceneItemList" if group else "GetSceneItemList"
    try:
        items = session.request(ask, sceneName=container)["sceneItems"]
    except RequestRefused:
        # renamed or removed while we looked: the next event finds it as it is then
        return
    for item in sorted(items, key=lambda item: item["sceneItemIndex"]):
        here = (*path, (container, int(item["sceneItemId"])))
        seen = shown and bool(item["sceneItemEnabled"])
        yield Item(str(item["sourceName"]), here, seen)
        if len(here) < DEEPEST and (item.get("isGroup") or item.get("sourceType") == SCENE_TYPE):
            yield from _within(session, item["sourceName"], here, shown=seen, group=bool(item.get("isGroup")))
