"""Where a new text goes in the frame, and how large it is: at the foot, small, wrapped, never beyond the edge."""

from __future__ import annotations

from typing import Any

from .session import ObsSession

ALIGN_BOTTOM_CENTRE = 8
SMALL = 1 / 24
"""Height of a caption's letters, of the frame's height."""
WIDTH, HEIGHT, FOOT = 0.9, 0.3, 0.95
"""Of the frame: the widest and the highest that a caption grows, and where its lower edge stands."""


def caption_settings(session: ObsSession, kind: str) -> dict[str, Any]:
    """Settings of a text source of `kind` that is read at the foot of the frame without covering it."""
    video = session.request("GetVideoSettings")
    width, height = int(video["baseWidth"]), int(video["baseHeight"])
    defaults = session.request("GetInputDefaultSettings", inputKind=kind)["defaultInputSettings"]
    size = max(10, round(height * SMALL))
    font = {"style": "", "flags": 0, **defaults.get("font", {}), "size": size}
    if kind.startswith("text_gdiplus"):
        box = {"extents": True, "extents_wrap": True, "extents_cx": round(width * WIDTH)}
        return {"font": font, **box, "extents_cy": round(height * HEIGHT), "align": "center", "valign": "bottom"}
    return {"font": font, "word_wrap": True, "custom_width": round(width * WIDTH), "drop_shadow": True}


def at_the_foot(session: ObsSession, scene: str, item: int) -> None:
    """Put a scene item that has just been made at the foot of the frame; it shrinks rather than leave it."""
    video = session.request("GetVideoSettings")
    width, height = float(video["baseWidth"]), float(video["baseHeight"])
    session.request(
        "SetSceneItemTransform",
        sceneName=scene,
        sceneItemId=item,
        sceneItemTransform={
            "alignment": ALIGN_BOTTOM_CENTRE,
            "positionX": width / 2,
            "positionY": height * FOOT,
            "boundsType": "OBS_BOUNDS_MAX_ONLY",
            "boundsAlignment": ALIGN_BOTTOM_CENTRE,
            "boundsWidth": width * WIDTH,
            "boundsHeight": height * HEIGHT,
        },
    )
