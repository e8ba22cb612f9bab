"""A physical camera through OpenCV: size, rate and MJPG are asked for while it opens."""

from __future__ import annotations

import platform
import time

from ..errors import SourceError
from ..frame import Pixels
from ..system.opencv import cv2
from .cameras import CameraInfo, cameras_in_words, list_cameras

FIRST_READS = 3
PATIENCE_S = 5.0


class CameraSource:
    """A camera that has given a picture.

    Args:
        camera: which one.
        width, height: asked for, in pixels; the camera may answer with another size.
        fps: asked for.

    Raises:
        SourceError: it did not open, or opened without giving a picture.
    """

    def __init__(self, camera: CameraInfo, *, width: int, height: int, fps: float) -> None:
        self.camera = camera
        self._capture, self._first = _open_and_prove(camera, width, height, fps)
        found_height, found_width = self._first.shape[:2]
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.name = f"camera {camera.name!r} ({found_width}x{found_height}{f' at {rate:g}' if rate > 0 else ''})"

    def read(self) -> Pixels:
        """The camera's next picture, RGB uint8 `[H, W, 3]`.

        Raises:
            SourceError: it stopped. OpenCV then answers at once each time, so the first failure counts.
        """
        if self._first is not None:
            picture, self._first = self._first, None
        else:
            answered, picture = self._capture.read()
            if not answered or picture is None:
                raise SourceError(f"Camera {self.camera.name!r} gives no picture any more. Is it still plugged in?")
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)

    def close(self) -> None:
        self._capture.release()


def _open_and_prove(camera: CameraInfo, width: int, height: int, fps: float):
    """An open capture and its first picture: that a camera opened does not prove that it works."""
    for parameters in _requests(width, height, fps):
        capture = _open(camera, parameters)
        if capture.isOpened():
            began_s = time.monotonic()
            for _ in range(FIRST_READS):
                answered, picture = capture.read()
                if answered and picture is not None and picture.ndim == 3:
                    return capture, picture
                if time.monotonic() > began_s + PATIENCE_S:
                    break
        capture.release()
    others = [other for other in list_cameras() if other != camera]
    raise SourceError(
        f"Camera {camera.name!r} did not give a picture. Another program may be using it: close that one, "
        f"or choose another camera ({cameras_in_words(others)})."
    )


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
