"""Why a camera gives no picture, and what its person can do: what the system tells of it, in words."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from ..system.opencv import cv2
from ..system.readers import LISTENERS, holders
from ..system.v4l2 import JOIN_VIDEO, refusal_of
from .cameras import CameraInfo, cameras_in_words

_PRIVACY = {
    "Darwin": " System Settings, Privacy & Security, Camera says which programs may use it.",
    "Windows": " Settings, Privacy & security, Camera says whether programs may use it.",
}


def why_silent(camera: CameraInfo, others: list[CameraInfo], *, proc: Path = Path("/proc")) -> str:
    """A sentence on what keeps a camera from giving a picture, and one on what to do.

    Args:
        camera: one that did not open, or opened without giving a picture.
        others: the cameras that could be chosen in its place.
        proc: where Linux tells of processes.
    """
    name = f"Camera {camera.name!r}"
    choose = f", or choose another camera ({cameras_in_words(others)})." if others else "; no other camera was found."
    path = camera.path if camera.backend == cv2.CAP_V4L2 else ""  # elsewhere it is a name of the system's own
    refusal = refusal_of(path) if path else ""
    if refusal == "gone":
        return f"{name} is not there any more. Plug it in again{choose}"
    if refusal == "closed":
        return (
            f"{name} may not be opened by you. Join the group that may ({JOIN_VIDEO}) and log out and in again{choose}"
        )
    for holder in holders(path, proc=proc) if path else ():
        if holder.number != os.getpid() and not holder.program.startswith(LISTENERS):
            return (
                f"{name} did not give a picture; {holder.program} (process {holder.number}) has it open. "
                f"End that program{choose}"
            )
    return f"{name} did not give a picture. Another program may be using it: close that one{choose}" + _PRIVACY.get(
        platform.system(), ""
    )
