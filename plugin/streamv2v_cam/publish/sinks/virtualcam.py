"""The virtual camera: what Zoom, OBS and a browser see, through pyvirtualcam."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

from ...errors import SinkError
from ...frame import Pixels
from ...system.v4l2 import LOOPBACK_DRIVER, VideoNode, list_nodes

LABEL = "StreamV2V"
OBS_LABEL = "OBS Virtual Camera"
CHECK_EVERY_S = 0.5
MODULE_VERSION = Path("/sys/module/v4l2loopback/version")
INSTALL = {
    "Linux": (
        "Install v4l2loopback (Debian and Ubuntu: package v4l2loopback-dkms), then: sudo modprobe v4l2loopback "
        "exclusive_caps=1 card_label=StreamV2V"
    ),
    "Darwin": "Install OBS Studio 30 or newer, and start and stop its virtual camera once.",
    "Windows": "Install OBS Studio; its virtual camera is used.",
}


class VirtualCameraSink:
    """A virtual camera of fixed size and rate.

    Args:
        width, height: even numbers of pixels; many readers cannot show odd ones.
        fps: announced to readers.
        device: "/dev/video10" on Linux, "Unity Video Capture" on Windows; None chooses.
        backend: pyvirtualcam's; None takes the system's own.

    Raises:
        SinkError: there is no virtual camera, or it is taken; says what to install or close.
    """

    def __init__(
        self, *, width: int, height: int, fps: float, device: str | None = None, backend: str | None = None
    ) -> None:
        if width % 2 or height % 2:
            raise SinkError(f"A virtual camera needs an even width and height, not {width}x{height}.")
        try:
            import pyvirtualcam
        except ImportError as error:
            raise SinkError(f"The virtual camera needs the package pyvirtualcam ({error}).") from None
        if backend is None:
            backend, device = _choose(device)
        try:
            # Named always: without a device pyvirtualcam takes the first that opens, which may be OBS's.
            self._camera: Any = pyvirtualcam.Camera(
                width, height, fps, fmt=pyvirtualcam.PixelFormat.RGB, device=device, backend=backend
            )
        except (RuntimeError, KeyError, ValueError) as error:
            raise SinkError(_refusal(device, str(error))) from None
        self.device: str = self._camera.device
        self.name = f"virtual camera {_label(self.device)!r} ({self.device})"
        self._node = _identity(self.device)
        self._checked_at_s = time.monotonic()

    def send(self, pixels: Pixels) -> None:
        """Show one picture, RGB uint8 `[H, W, 3]`.

        Raises:
            SinkError: the device went away.
        """
        if self._camera is None:
            raise SinkError(f"The {self.name} was closed.")
        now_s = time.monotonic()
        if now_s > self._checked_at_s + CHECK_EVERY_S:
            # A failed write is only printed by pyvirtualcam, so the node itself is looked at.
            self._checked_at_s = now_s
            if _identity(self.device) != self._node:
                raise SinkError(f"The {self.name} is gone. It is opened again when it is back.")
        try:
            self._camera.send(pixels)
        except (RuntimeError, OSError) as error:
            raise SinkError(f"The {self.name} takes no picture any more: {error}.") from None

    def close(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None


def find_loopback(nodes: list[VideoNode] | None = None) -> VideoNode | None:
    """The loopback that is ours by its label, else the first that is not OBS's; None when there is none."""
    loopbacks = [node for node in (list_nodes() if nodes is None else nodes) if node.driver == LOOPBACK_DRIVER]
    ours = [node for node in loopbacks if LABEL.lower() in node.label.lower()]
    others = [node for node in loopbacks if OBS_LABEL.lower() not in node.label.lower()]
    return next(iter(ours + others), None)


def _choose(device: str | None) -> tuple[str, str]:
    """Backend and device for this system."""
    system = platform.system()
    if system == "Linux":
        if device is None:
            node = find_loopback()
            if node is None:
                raise SinkError(f"No virtual camera was found. {INSTALL['Linux']}")
            device = node.path
        elif not os.path.exists(device):
            raise SinkError(f"Virtual camera {device!r} does not exist. {INSTALL['Linux']}")
        return "v4l2loopback", device
    if system == "Windows" and device and "obs" not in device.lower():
        return "unitycapture", device
    return "obs", OBS_LABEL


def _refusal(device: str | None, reason: str) -> str:
    """Why a device did not open, and what to do."""
    reason = reason.split("backend: ", 1)[-1].strip().rstrip(".")
    version = _module_version()
    if "not a video output device" in reason and version and version < (0, 13):
        return (
            f"Virtual camera {device!r} was used before, and v4l2loopback {'.'.join(map(str, version))} "
            "opens only once. Load the module again (sudo modprobe -r v4l2loopback, then modprobe it), "
            "or install 0.13 or newer."
        )
    if "in use" in reason or "could not be started" in reason:
        return f"Virtual camera {device!r} is taken by another program ({reason}). Stop that one's virtual camera."
    return f"Virtual camera {device!r} did not open ({reason}). {INSTALL.get(platform.system(), '')}".strip()


def _module_version() -> tuple[int, ...] | None:
    try:
        return tuple(int(part) for part in MODULE_VERSION.read_text().strip().split(".")[:3])
    except (OSError, ValueError):
        return None


def _identity(device: str) -> tuple[int, int] | None:
    """What tells one device node from a later one of the same path; None where paths are no files."""
    try:
        status = os.stat(device)
    except (OSError, ValueError):
        return None
    return status.st_rdev, status.st_ino


def _label(device: str) -> str:
    return next((node.label for node in list_nodes() if node.path == device), device)
