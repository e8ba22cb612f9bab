"""The virtual camera: what Zoom, OBS and a browser see, through pyvirtualcam."""

from __future__ import annotations

import logging
import os
import platform
import time
from pathlib import Path
from typing import Any

from ...errors import SinkError
from ...frame import Pixels
from ...system.loopback import OBS_LABEL
from ...system.readers import is_read
from ...system.v4l2 import JOIN_VIDEO, VideoNode, list_nodes
from ...system.written import begin_writing, end_writing
from .loopback import WITHOUT, chosen_node, found_again, module_version, warning_of

log = logging.getLogger(__name__)

CHECK_EVERY_S = 0.5
OPENS_AGAIN = (0, 13)
"""From this v4l2loopback on a node can be opened more than once per loading of the module."""
NODES = Path("/sys/class/video4linux")


class VirtualCameraSink:
    """A virtual camera of fixed size and rate.

    Args:
        width, height: even numbers of pixels; many readers cannot show odd ones.
        fps: announced to readers.
        device: a node ("/dev/video10") or part of its label on Linux, "Unity Video Capture" on Windows; None chooses.
        backend: pyvirtualcam's; None takes the system's own.
        known: what was open before, under whichever number it is now; instead of `device`.

    Attributes:
        node: the node of Linux; None elsewhere.

    Raises:
        SinkError: there is no virtual camera, or it is taken; says what to install or close.
    """

    def __init__(
        self,
        *,
        width: int,
        height: int,
        fps: float,
        device: str | None = None,
        backend: str | None = None,
        known: VideoNode | None = None,
    ) -> None:
        if width % 2 or height % 2:
            raise SinkError(f"A virtual camera needs an even width and height, not {width}x{height}.")
        try:
            import pyvirtualcam
        except ImportError as error:
            raise SinkError(f"The virtual camera needs the package pyvirtualcam ({error}).") from None
        self.node: VideoNode | None = None
        if backend is None:
            backend, device, self.node = _choose(device, known)
        try:
            # Named always: without a device pyvirtualcam takes the first that opens, which may be OBS's.
            self._camera: Any = pyvirtualcam.Camera(
                width, height, fps, fmt=pyvirtualcam.PixelFormat.RGB, device=device, backend=backend
            )
        except (RuntimeError, KeyError, ValueError) as error:
            raise SinkError(_refusal(device, str(error))) from None
        self.device: str = self._camera.device
        self.name = f"virtual camera {_label(self.device)!r} ({self.device})"
        self._identity = _identity(self.device)
        self._checked_at_s = time.monotonic()
        begin_writing(self.device)
        if self.node is not None and known is None and (told := warning_of(self.node)):
            log.warning("%s", told)

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
            if _identity(self.device) != self._identity:
                raise SinkError(f"The {self.name} is gone. It is opened again when it is back.")
            if not _fed(self.device):
                raise SinkError(f"The {self.name} takes no picture any more. It is opened again.")
        try:
            self._camera.send(pixels)
        except (RuntimeError, OSError) as error:
            raise SinkError(f"The {self.name} takes no picture any more: {error}.") from None

    @property
    def watched(self) -> bool | None:
        """Whether a program reads the camera; only Linux tells."""
        return is_read(self.device) if self._identity is not None else None

    def close(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None
            end_writing(self.device)


def _choose(device: str | None, known: VideoNode | None) -> tuple[str, str, VideoNode | None]:
    """Backend, device and, on Linux, its node."""
    system = platform.system()
    if system == "Linux":
        node = chosen_node(device) if known is None else found_again(known)
        return "v4l2loopback", node.path, node
    if system == "Windows" and device and "obs" not in device.lower():
        return "unitycapture", device, None
    return "obs", OBS_LABEL, None


def _refusal(device: str | None, reason: str) -> str:
    """Why a device did not open, and what to do."""
    reason = reason.split("backend: ", 1)[-1].strip().rstrip(".")
    camera, version = f"Virtual camera {device!r}", module_version() or OPENS_AGAIN
    if "permission" in reason.lower():
        return f"{camera} may not be written by you. Join the group that may ({JOIN_VIDEO}), then log out and in again."
    if "not a video output device" in reason and version < OPENS_AGAIN:
        return (
            f"{camera} was used before, or another program writes to it; v4l2loopback {'.'.join(map(str, version))} "
            "opens only once. Load the module again (sudo modprobe -r v4l2loopback, then modprobe it), "
            "or install 0.13 or newer."
        )
    if any(word in reason for word in ("in use", "could not be started", "busy", "not a video output device")):
        return f"{camera} is taken by another program ({reason}). Stop that one's virtual camera."
    return f"{camera} did not open ({reason}). {WITHOUT.get(platform.system(), '')}".strip()


def _fed(device: str) -> bool:
    """Whether the node's driver takes what is written to it; a node that does not say so counts as fed.

    It reports "output" while it waits for a program that writes, and "capture" while there is one.
    """
    try:
        return (NODES / Path(device).name / "state").read_text().strip() != "output"
    except OSError:
        return True


def _identity(device: str) -> tuple[int, int] | None:
    """What tells one device node from a later one of the same path; None where paths are no files."""
    try:
        status = os.stat(device)
    except (OSError, ValueError):
        return None
    return status.st_rdev, status.st_ino


def _label(device: str) -> str:
    return next((node.label for node in list_nodes() if node.path == device), device)
