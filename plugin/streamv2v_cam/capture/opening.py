"""From words to a source: what `--source` may say."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import SourceError
from ..interfaces import Source
from ..media.animated import is_animated
from ..media.names import in_words, is_address, is_nearly_address, is_series
from ..system.paths import home_path
from .address import open_address
from .cameras import CameraInfo, find_again, find_camera
from .image import IMAGE_ENDINGS, ImageSource
from .presenter import PresenterSource

VIDEO_ENDINGS = (
    ".mp4",
    ".mkv",
    ".mov",
    ".webm",
    ".avi",
    ".m4v",
    ".ts",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".gif",
    ".y4m",
)


def open_source(spec: str, *, width: int, height: int, fps: float, loop: bool = False) -> Source:
    """Open what `spec` names, once.

    Args:
        spec: "presenter" | "camera" (the first) | "camera:NAME or number" | "/dev/video0" or one of its names
            anywhere below /dev | a number | path of a video ("?loop" at its end loops it) | path of an image |
            rtsp:// or http(s):// address | part of a camera's name.
        width, height, fps: asked of a camera and drawn by the presenter; other sources have their own.
        loop: begin a video file again at its end.

    Raises:
        SourceError: what was wanted, what was found, what to do.
    """
    return SourceOpener(spec, width=width, height=height, fps=fps, loop=loop)()


class SourceOpener:
    """`open_source` that can be called again after a loss, and then finds the very same camera.

    Its number or node may be another after it was unplugged, and "the first camera" must not become a
    different one: what answered first is what is looked for. `known` is a camera that is looked for from
    the start, with "camera" as `spec`.
    """

    def __init__(
        self, spec: str, *, width: int, height: int, fps: float, loop: bool = False, known: CameraInfo | None = None
    ) -> None:
        # a name of something that is there is a file, blanks at its ends included
        self._spec = spec if Path(spec).exists() and spec.strip() else spec.strip()
        self._width, self._height, self._fps, self._loop = width, height, fps, loop
        self._camera = known
        self._open: Callable[[], Source] = self._resolve()

    def __call__(self) -> Source:
        return self._open()

    def _resolve(self) -> Callable[[], Source]:
        spec = self._spec
        if not spec:
            raise SourceError("No source was named. Use camera, presenter, a file or an address.")
        if spec == "presenter":
            return lambda: PresenterSource(width=self._width, height=self._height, fps=self._fps)
        if is_address(spec):
            return lambda: open_address(spec.removesuffix("?loop"), loop=self._loop or spec.endswith("?loop"))
        if spec == "camera" or spec.startswith("camera:"):
            return lambda: self._open_camera(spec.partition(":")[2].strip())
        if _is_node(spec):
            return lambda: self._open_camera(spec)
        if is_nearly_address(spec):
            raise SourceError(
                f"Source {in_words(spec)!r} looks like an address, and of no kind that is read. Addresses begin with "
                "rtsp://, http://, https://, rtmp://, srt://, udp:// or tcp://."
            )
        path = home_path(spec if Path(spec).exists() else spec.removesuffix("?loop"))
        if path.exists() or _looks_like_a_path(path):
            return lambda: self._open_path(path)
        return lambda: self._open_camera(spec)

    def _open_camera(self, wanted: str) -> Source:
        from .camera import CameraSource

        # udev's stable names, and one's own, are links to the node of the moment
        wanted = os.path.realpath(wanted) if wanted.startswith("/dev/") else wanted
        camera = find_again(self._camera) if self._camera else find_camera(wanted)
        source = CameraSource(camera, width=self._width, height=self._height, fps=self._fps)
        self._camera = camera
        return source

    def _open_path(self, path: Path) -> Source:
        many = path.is_dir() or is_series(str(path))
        if not path.exists() and not many:
            raise SourceError(f"Source {str(path)!r} does not exist. Check the path.")
        if path.suffix.lower() in IMAGE_ENDINGS and not many and not is_animated(path):
            return ImageSource(path, fps=self._fps)
        from .video import VideoFileSource

        return VideoFileSource(path, loop=self._loop or self._spec.endswith("?loop"))


def _is_node(spec: str) -> bool:
    """Whether a path is that of a camera's node, or of a link to one, such as a rule of udev makes."""
    if spec.startswith(("/dev/video", "/dev/v4l/")):
        return True
    return spec.startswith("/dev/") and os.path.realpath(spec).startswith("/dev/video")


def _looks_like_a_path(path: Path) -> bool:
    return len(path.parts) > 1 or path.suffix.lower() in IMAGE_ENDINGS + VIDEO_ENDINGS
