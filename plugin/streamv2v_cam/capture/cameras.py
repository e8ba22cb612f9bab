"""The cameras of this machine, by name and stable identity; the program's own output is not among them."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from ..errors import SourceError
from ..system.v4l2 import LOOPBACK_DRIVER, list_nodes

OWN_OUTPUTS = ("streamv2v", "obs virtual camera", "unity video capture")


@dataclass(frozen=True)
class CameraInfo:
    """One camera.

    Attributes:
        index: the number OpenCV opens it by in `backend`; changes when cameras come and go.
        name: what the maker calls it.
        path: device path, "/dev/video0" or the system's own long one; may be empty.
        backend: OpenCV's `CAP_V4L2`, `CAP_DSHOW` or `CAP_AVFOUNDATION`.
        vid, pid: USB vendor and product, None where unknown.
        bus: where it is plugged in, empty where unknown.
    """

    index: int
    name: str
    path: str
    backend: int
    vid: int | None = None
    pid: int | None = None
    bus: str = ""

    def likeness(self, other: CameraInfo) -> int:
        """How surely `other` is the same device: 0 no, 1 same make, 2 also at the same place."""
        if (self.name, self.vid, self.pid) != (other.name, other.vid, other.pid):
            return 0
        same_place = self.bus == other.bus if self.bus else self.path == other.path
        return 2 if same_place else 1


def list_cameras() -> list[CameraInfo]:
    """Cameras that could be opened, in the system's order, one entry for each device."""
    found = _cameras_of_linux() if platform.system() == "Linux" else _cameras_of_system()
    return [camera for camera in found if not is_own_output(camera.name)]


def is_own_output(name: str) -> bool:
    """Whether a camera of this name is one that programs like this one write to."""
    return any(own in name.lower() for own in OWN_OUTPUTS)


def find_camera(wanted: str, cameras: list[CameraInfo] | None = None) -> CameraInfo:
    """The camera that `wanted` means.

    Args:
        wanted: "" for the first, a number as `list_cameras` shows it, a device path, or part of a name.

    Raises:
        SourceError: none, or more than one, answers to it.
    """
    cameras = list_cameras() if cameras is None else cameras
    if not wanted:
        if not cameras:
            raise SourceError("No camera was found. Plug one in, or use the drawn one with --source presenter.")
        return cameras[0]
    if wanted.isdigit():
        matches = [camera for camera in cameras if camera.index == int(wanted)]
    else:
        matches = [camera for camera in cameras if wanted in (camera.path, camera.name)]
        matches = matches or [camera for camera in cameras if wanted.lower() in camera.name.lower()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        several = ", ".join(f"{camera.index} {camera.name!r}" for camera in matches)
        raise SourceError(f"Camera {wanted!r} is not one but {len(matches)} cameras ({several}). Choose by number.")
    raise SourceError(f"Camera {wanted!r} was not found ({cameras_in_words(cameras)}). {_advice(cameras)}")


def find_again(known: CameraInfo, cameras: list[CameraInfo] | None = None) -> CameraInfo:
    """Where the camera `known` is now; its number and node may have changed while it was away.

    Raises:
        SourceError: it is not plugged in.
    """
    cameras = list_cameras() if cameras is None else cameras
    alike = sorted(cameras, key=known.likeness, reverse=True)
    if not alike or not known.likeness(alike[0]):
        raise SourceError(f"Camera {known.name!r} is not plugged in ({cameras_in_words(cameras)}).")
    return alike[0]


def cameras_in_words(cameras: list[CameraInfo]) -> str:
    """What was found, for a message."""
    if not cameras:
        return "no camera was found"
    return "found: " + ", ".join(f"{camera.index} {camera.name!r}" for camera in cameras)


def _advice(cameras: list[CameraInfo]) -> str:
    return "Choose one of these." if cameras else "Plug one in, or use the drawn one with --source presenter."


def _cameras_of_linux() -> list[CameraInfo]:
    """One camera per device: a webcam has further nodes for its metadata or infrared picture."""
    from ..system.opencv import cv2

    cameras: list[CameraInfo] = []
    seen: set[tuple[str, str]] = set()
    for node in list_nodes():
        place = (node.bus or node.path, node.label)
        if not node.captures or (place in seen and node.driver != LOOPBACK_DRIVER):
            continue
        seen.add(place)
        cameras.append(CameraInfo(node.number, node.label, node.path, cv2.CAP_V4L2, node.vid, node.pid, node.bus))
    return cameras


def _cameras_of_system() -> list[CameraInfo]:
    from cv2_enumerate_cameras import enumerate_cameras

    from ..system.opencv import cv2

    backend = cv2.CAP_DSHOW if platform.system() == "Windows" else cv2.CAP_AVFOUNDATION
    return [
        CameraInfo(found.index, found.name, found.path or "", backend, found.vid, found.pid)
        for found in enumerate_cameras(backend)
    ]
