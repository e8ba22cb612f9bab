"""A physical camera through OpenCV: size, rate and MJPG are asked for while it opens."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from typing import Any

from ..errors import SourceError
from ..frame import Pixels
from ..system.opencv import cv2
from ..system.v4l2 import has_signal
from .cameras import CameraInfo, list_cameras
from .silence import why_silent

FIRST_READS = 3
PATIENCE_S = 5.0
DAMAGED_IN_A_ROW = 10
"""So many pictures without one that can be decoded are no longer the odd one that a long cable spoils."""
SIGNAL_EVERY_S = 1.0


class CameraSource:
    """A camera that has given a picture.

    Args:
        camera: which one.
        width, height: asked for, in pixels; the camera may answer with another size.
        fps: asked for.
        open: opens an OpenCV capture with one list of wishes.
        signal: whether something feeds the camera's input, by its path.

    Raises:
        SourceError: it did not open, or opened without giving a picture.
    """

    def __init__(
        self,
        camera: CameraInfo,
        *,
        width: int,
        height: int,
        fps: float,
        open: Callable[[CameraInfo, list[int]], Any] | None = None,
        signal: Callable[[str], bool] = has_signal,
    ) -> None:
        self.camera = camera
        self._signal = signal
        self._check_signal()
        self._capture, self._first = _open_and_prove(camera, _requests(width, height, fps), open or _open)
        found_height, found_width = self._first.shape[:2]
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.name = f"camera {camera.name!r} ({found_width}x{found_height}{f' at {rate:g}' if rate > 0 else ''})"

    def read(self) -> Pixels:
        """The camera's next picture, RGB uint8 `[H, W, 3]`.

        Raises:
            SourceError: it stopped. OpenCV then answers at once each time, so the first failure counts.
        """
        if time.monotonic() > self._signal_seen_s + SIGNAL_EVERY_S:
            self._check_signal()
        picture, self._first = self._first, None
        return cv2.cvtColor(self._next() if picture is None else picture, cv2.COLOR_BGR2RGB)

    def close(self) -> None:
        self._capture.release()

    def _next(self) -> Pixels:
        for _ in range(DAMAGED_IN_A_ROW):
            if not self._capture.grab():
                raise SourceError(f"Camera {self.camera.name!r} gives no picture any more. Is it still plugged in?")
            if (picture := _decoded(self._capture)) is not None:
                return picture
        raise SourceError(
            f"Camera {self.camera.name!r} gives damaged pictures only. Try another cable or socket, or a smaller size."
        )

    def _check_signal(self) -> None:
        if self.camera.path and not self._signal(self.camera.path):
            raise SourceError(
                f"Camera {self.camera.name!r} has no signal: nothing feeds it. Switch that on, or mend the cable."
            )
        self._signal_seen_s = time.monotonic()


def _open_and_prove(camera: CameraInfo, wishes: list[list[int]], open: Callable[[CameraInfo, list[int]], Any]):
    """An open capture and its first picture: that a camera opened does not prove that it works."""
    for parameters in wishes:
        capture = open(camera, parameters)
        if capture.isOpened():
            began_s = time.monotonic()
            for _ in range(FIRST_READS):
                if capture.grab() and (picture := _decoded(capture)) is not None:
                    return capture, picture
                if time.monotonic() > began_s + PATIENCE_S:
                    break
        capture.release()
    raise SourceError(why_silent(camera, [other for other in list_cameras() if other != camera]))


def _decoded(capture: Any) -> Pixels | None:
    """The picture that was grabbed, BGR uint8 `[H, W, 3]`; None for one that is damaged."""
    try:
        answered, picture = capture.retrieve()
    except cv2.error:
        return None
    return picture if answered and picture is not None and picture.ndim == 3 and picture.size else None


def _open(camera: CameraInfo, parameters: list[int]):
    if camera.backend != cv2.CAP_V4L2:
        return cv2.VideoCapture(camera.index, camera.backend, parameters)
    # V4L2 takes what it can of each wish; as parameters one refused wish would refuse the camera.
    capture = cv2.VideoCapture(camera.path, cv2.CAP_V4L2)
    for name, value in zip(parameters[::2], parameters[1::2], strict=True):
        capture.set(name, value)
    return capture


def _requests(width: int, height: int, fps: float) -> list[list[int]]:
    """What to ask for, from everything to nothing: a camera without MJPG refuses the first."""
    code = cv2.VideoWriter.fourcc(*"MJPG")
    size = [cv2.CAP_PROP_FRAME_WIDTH, width, cv2.CAP_PROP_FRAME_HEIGHT, height, cv2.CAP_PROP_FPS, round(fps)]
    if platform.system() == "Linux":
        return [[cv2.CAP_PROP_FOURCC, code, *size, cv2.CAP_PROP_BUFFERSIZE, 1]]
    if platform.system() == "Darwin":
        return [size, []]
    return [[cv2.CAP_PROP_FOURCC, code, *size], size, []]
