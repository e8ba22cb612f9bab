"""The cameras of this machine, by name and stable identity; the program's own output is not among them."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field, replace

from ..errors import SourceError
from ..media.names import in_words
from ..system.loopback import is_loopback
from ..system.v4l2 import VideoNode, list_nodes
from ..system.written import is_written

SAME_PLACE = (2, 4)
"""The likenesses of what is in the place where it was."""
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
        serial: its maker's number for this very one, empty where unknown.
        beside: others of its make that were there at the same time: what is one of them is not this one.
    """

    index: int
    name: str
    path: str
    backend: int
    vid: int | None = None
    pid: int | None = None
    bus: str = ""
    serial: str = ""
    beside: tuple[CameraInfo, ...] = field(default=(), compare=False, repr=False)

    def likeness(self, other: CameraInfo) -> int:
        """How surely `other` is the same device: 0 no, 1 same make, 2 also in the same place, 3 and 4 of one number.

        Twins of one maker may share a number, so that the place counts as well.
        """
        if (self.name, self.vid, self.pid) != (other.name, other.vid, other.pid):
            return 0
        if self.serial and other.serial and self.serial != other.serial:
            return 0
        same_place = self.bus == other.bus if self.bus else bool(self.path) and self.path == other.path
        return 1 + same_place + 2 * bool(self.serial and self.serial == other.serial)


@dataclass(frozen=True)
class Present:
    """What there is to open, and what is there and must not or cannot be opened.

    Attributes:
        cameras: could be opened, one entry for each device.
        own: what this program, or OBS, writes to.
        idle: virtual cameras that no program writes to at this moment.
    """

    cameras: list[CameraInfo]
    own: list[CameraInfo]
    idle: list[CameraInfo]


def list_cameras() -> list[CameraInfo]:
    """Cameras that could be opened, in the system's order, one entry for each device."""
    return look_around().cameras


def look_around() -> Present:
    """Everything that is there now."""
    if platform.system() == "Linux":
        return aware(sorted_nodes(list_nodes()))
    found = _cameras_of_system()
    return aware(
        Present(
            [camera for camera in found if not is_own_output(camera.name)],
            [camera for camera in found if is_own_output(camera.name)],
            [],
        )
    )


def aware(present: Present) -> Present:
    """The same, with each camera knowing the others of its make."""

    def twins(camera: CameraInfo) -> tuple[CameraInfo, ...]:
        return tuple(other for other in present.cameras if other != camera and camera.likeness(other))

    return replace(present, cameras=[replace(camera, beside=twins(camera)) for camera in present.cameras])


def is_own_output(name: str) -> bool:
    """Whether a camera of this name is one that programs like this one write to."""
    return any(own in name.lower() for own in OWN_OUTPUTS)


def find_camera(wanted: str, present: Present | None = None) -> CameraInfo:
    """The camera that `wanted` means.

    Args:
        wanted: "" for the first, a number as `list_cameras` shows it, a device path, or part of a name.
        present: what there is; None looks.

    Raises:
        SourceError: none, or more than one, answers to it; or it is what this program writes to.
    """
    present = look_around() if present is None else present
    cameras = present.cameras
    if not wanted:
        if not cameras:
            raise SourceError("No camera was found. Plug one in, or use the drawn one with --source presenter.")
        return cameras[0]
    matches = _matches(wanted, cameras)
    if len(matches) == 1:
        return matches[0]
    if matches:
        several = ", ".join(f"{camera.index} {camera.name!r}" for camera in matches)
        raise SourceError(f"Camera {wanted!r} is not one but {len(matches)} cameras ({several}). Choose by number.")
    if _matches(wanted, present.own):
        raise SourceError(
            f"Camera {wanted!r} is a virtual camera that shows this program's own picture: as its source it would turn "
            f"into noise ({cameras_in_words(cameras)}). {_advice(cameras)}"
        )
    if _matches(wanted, present.idle):
        raise SourceError(_idle(wanted))
    raise SourceError(f"Camera {in_words(wanted)!r} was not found ({cameras_in_words(cameras)}). {_advice(cameras)}")


def find_again(known: CameraInfo, present: Present | None = None) -> CameraInfo:
    """Where the camera `known` is now; its number and node may have changed while it was away.

    One of its make in another socket is it, unless that one stood beside it before, or several come into question.

    Raises:
        SourceError: it is not plugged in, or cannot be told from another.
    """
    present = look_around() if present is None else present
    likeness = {
        place: how
        for place, camera in enumerate(present.cameras)
        if (how := known.likeness(camera)) and not _stood_beside(known, camera)
    }
    nearest = [place for place, how in likeness.items() if how == max(likeness.values())]
    if not (known.bus or known.path):
        nearest = [place for place in nearest if present.cameras[place].index == known.index] or nearest
    if len(nearest) == 1:
        return present.cameras[nearest[0]]
    if nearest:
        several = cameras_in_words([present.cameras[place] for place in nearest])
        raise SourceError(
            f"Camera {known.name!r} is not where it was and cannot be told from another of its make ({several}). "
            "Choose by number."
        )
    if any(known.likeness(camera) for camera in present.idle):
        raise SourceError(_idle(known.name))
    raise SourceError(f"Camera {known.name!r} is not plugged in ({cameras_in_words(present.cameras)}).")


def _stood_beside(known: CameraInfo, camera: CameraInfo) -> bool:
    """Whether `camera` is one of those that were there together with `known`, in its old place."""
    if known.serial and known.serial == camera.serial and all(other.serial != known.serial for other in known.beside):
        return False
    return any(other.likeness(camera) in SAME_PLACE for other in known.beside)


def _matches(wanted: str, cameras: list[CameraInfo]) -> list[CameraInfo]:
    if wanted.isdecimal():
        numbered = [camera for camera in cameras if camera.index == int(wanted)]
        # a maker may call a camera by a number
        return numbered or [camera for camera in cameras if camera.name == wanted]
    exact = [camera for camera in cameras if wanted in (camera.path, camera.name)]
    return exact or [camera for camera in cameras if wanted.lower() in camera.name.lower()]


def _idle(name: str) -> str:
    return f"Camera {name!r} is a virtual camera that no program writes to. Start the program whose picture it shows."


def cameras_in_words(cameras: list[CameraInfo]) -> str:
    """What was found, for a message."""
    if not cameras:
        return "no camera was found"
    return "found: " + ", ".join(f"{camera.index} {camera.name!r}" for camera in cameras)


def _advice(cameras: list[CameraInfo]) -> str:
    return "Choose one of these." if cameras else "Plug one in, or use the drawn one with --source presenter."


def sorted_nodes(nodes: list[VideoNode]) -> Present:
    """The nodes of Linux: one camera per device, since a webcam has further nodes for metadata or infrared."""
    from ..system.opencv import cv2

    present = Present([], [], [])
    seen: set[tuple[str, str]] = set()
    for node in nodes:
        camera = CameraInfo(node.number, node.label, node.path, cv2.CAP_V4L2, node.vid, node.pid, node.bus, node.serial)
        place = (node.bus or node.device or node.path, node.label)
        if is_own_output(node.label) or is_written(node.path):
            present.own.append(camera)
        elif not node.captures:
            if is_loopback(node):
                present.idle.append(camera)
        elif place not in seen or is_loopback(node):
            seen.add(place)
            present.cameras.append(camera)
    return present


def _cameras_of_system() -> list[CameraInfo]:
    from cv2_enumerate_cameras import enumerate_cameras

    from ..system.opencv import cv2

    backend = cv2.CAP_DSHOW if platform.system() == "Windows" else cv2.CAP_AVFOUNDATION
    return [
        CameraInfo(found.index, found.name, found.path or "", backend, found.vid, found.pid)
        for found in enumerate_cameras(backend)
    ]
