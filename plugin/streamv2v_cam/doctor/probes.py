"""Probes: what is tried out for real, each in a process of its own, since a device or a library may hang or crash.

`python -m streamv2v_cam.doctor.probes NAME ...` prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CAMERA_S = 1.0
FIRST_PICTURE_S = 6.0


def probe_command(python: str, *what: str) -> list[str]:
    """The command of one probe."""
    return [python, "-m", "streamv2v_cam.doctor.probes", *what]


def camera(device: str) -> dict[str, Any]:
    """Pictures of one second of a camera: how many, how large, how bright."""
    from ..capture import SourceOpener
    from ..errors import SourceError

    try:
        source = SourceOpener(device, width=1280, height=720, fps=30.0)()
    except SourceError as error:
        return {"pictures": 0, "reason": str(error)}
    first_s = 0.0
    began_s = time.monotonic()
    count, shape, brightness = 0, (0, 0), 0.0
    with contextlib.suppress(SourceError), contextlib.closing(source):
        while time.monotonic() < (first_s + CAMERA_S if first_s else began_s + FIRST_PICTURE_S):
            pixels = source.read()
            if pixels is None:
                break
            first_s = first_s or time.monotonic()
            count += 1
            shape, brightness = pixels.shape[:2], float(pixels.mean())
    spent_s = max(time.monotonic() - first_s, 0.001) if first_s else 1.0
    return {
        "pictures": count,
        "fps": round((count - 1) / spent_s, 1) if count > 1 else 0.0,
        "width": shape[1],
        "height": shape[0],
        "brightness": round(brightness, 1),
    }


def cameras() -> dict[str, Any]:
    """The cameras as the program lists them."""
    from ..capture import list_cameras

    return {"cameras": [{"index": found.index, "name": found.name} for found in list_cameras()]}


def virtualcam() -> dict[str, Any]:
    """Whether pyvirtualcam starts, and what it can write to."""
    import pyvirtualcam.camera

    return {"version": pyvirtualcam.__version__, "backends": sorted(pyvirtualcam.camera.BACKENDS)}


def obs(config: str = "") -> dict[str, Any]:
    """What OBS says of itself, with the password that is kept."""
    from ..obs.errors import ObsError, ObsPasswordWrong, ObsUnreachable, RequestRefused
    from ..obs.password import stored_password
    from ..obs.session import ObsAddress, ObsSession
    from ..settings import load_settings

    settings = load_settings(config_path=Path(config) if config else None)
    try:
        address = ObsAddress(settings.obs.host, settings.obs.port, stored_password(settings))
        session = ObsSession(address, timeout_s=3.0)
    except ObsPasswordWrong:
        return {"state": "password"}
    except ObsUnreachable:
        return {"state": "unreachable"}
    except ObsError as error:
        return {"state": "refused", "reason": str(error)}
    with contextlib.closing(session):
        told: dict[str, Any] = {
            "state": "connected",
            "version": session.version,
            "websocket": session.websocket_version,
        }
        with contextlib.suppress(RequestRefused, ObsUnreachable):
            told["hotkeys"] = "streamv2v.next_look" in session.request("GetHotkeyList")["hotkeys"]
            stats = session.request("GetStats")
            told["skipped"] = [stats.get("renderSkippedFrames", 0), stats.get("renderTotalFrames", 0)]
            told["virtualcam"] = bool(session.request("GetVirtualCamStatus").get("outputActive"))
        return told


PROBES: dict[str, Callable[..., dict[str, Any]]] = {
    "camera": camera,
    "cameras": cameras,
    "virtualcam": virtualcam,
    "obs": obs,
}


if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]](*sys.argv[2:])))
