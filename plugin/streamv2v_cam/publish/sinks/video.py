"""A video file as a sink: h264, constant rate, under its final name only when it is whole."""

from __future__ import annotations

import contextlib
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SinkError
from ...frame import Pixels

ENDINGS = (".mp4", ".mkv", ".mov")
FORMATS = {".mp4": "mp4", ".mkv": "matroska", ".mov": "mov"}
ENCODER = {"preset": "superfast", "crf": "20"}
# What ENCODER's colours are said to be, so that players do not guess: BT.709, limited range.
BT709, LIMITED = 1, 1


class VideoFileSink:
    """Writes NAME.part and renames it to NAME when it is closed whole.

    Args:
        path: ends in .mp4, .mkv or .mov; a file of that name is replaced at the end.
        width, height: even numbers of pixels.
        fps: pictures per second; each `send` is one of them.

    Raises:
        SinkError: the place cannot be written to, or the size cannot be encoded.
    """

    def __init__(self, path: Path | str, *, width: int, height: int, fps: float) -> None:
        self.path = Path(path).expanduser()
        self.name = f"file {self.path.name!r}"
        self.frames = 0
        self._part = self.path.with_name(self.path.name + ".part")
        self._container: Any = None
        self._file: Any = None
        if self.path.suffix.lower() not in ENDINGS:
            raise SinkError(f"Output {str(path)!r} ends in none of {', '.join(ENDINGS)}. Choose one of these.")
        if width % 2 or height % 2:
            raise SinkError(f"The {self.name} needs an even width and height, not {width}x{height}.")
        if self.path.is_dir():
            raise SinkError(f"Output {str(path)!r} is a folder. Name a file in it.")
        self._open(width, height, fps)
        self._last: tuple[Pixels, Any] | None = None

    def _open(self, width: int, height: int, fps: float) -> None:
        import av
        import av.error

        self._av = av
        rate = Fraction(fps).limit_denominator(1001)
        try:
            # Python's own file, because its errors (disk full, read-only) come at once and in words.
            self._file = self._part.open("wb")
            self._container = av.open(self._file, "w", format=FORMATS[self.path.suffix.lower()])
            stream: Any = self._container.add_stream("libx264", rate=rate, options=dict(ENCODER))
        except OSError as error:
            self.close(whole=False)
            raise SinkError(
                f"The {self.name} cannot be written in {str(self.path.parent)!r}: {error.strerror}."
            ) from None
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 2
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED
        self._stream = stream
        self._time_base = 1 / rate

    def send(self, pixels: Pixels) -> None:
        """Append one picture, RGB uint8 `[H, W, 3]`; the same array twice costs no second conversion.

        Raises:
            SinkError: it cannot be written any more, for example because the disk is full.
        """
        if self._container is None:
            raise SinkError(f"The {self.name} was closed.")
        if self._last is None or self._last[0] is not pixels:
            picture = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            self._last = pixels, picture.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        picture = self._last[1]
        picture.pts, picture.time_base = self.frames, self._time_base
        self._write(picture)
        self.frames += 1

    def close(self, *, whole: bool = True) -> None:
        """Finish the file and give it its name; with `whole` false, or without a frame, remove it.

        Raises:
            SinkError: the end could not be written; no file is left under the final name.
        """
        container, self._container = self._container, None
        if container is None and self._file is None:
            return
        try:
            if whole and self.frames and container is not None:
                self._container = container
                self._write(None)
                self._container = None
                self._finish(container)
            else:
                self._discard(container)
        finally:
            self._container = self._file = None

    def _write(self, picture: Any) -> None:
        try:
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        except (self._av.error.FFmpegError, OSError) as error:
            container, self._container = self._container, None
            self._discard(container)
            raise SinkError(
                f"The {self.name} was lost after {self.frames} frames: {reason_of(error)}. Nothing was kept."
            ) from None

    def _finish(self, container: Any) -> None:
        try:
            container.close()
            self._file.close()
            os.replace(self._part, self.path)
        except (self._av.error.FFmpegError, OSError) as error:
            self._discard(None)
            raise SinkError(f"The {self.name} could not be finished: {reason_of(error)}. Nothing was kept.") from None

    def _discard(self, container: Any) -> None:
        for piece in (container, self._file):
            # what cannot be written cannot be closed properly either, and the first error has been told
            with contextlib.suppress(OSError, ValueError, self._av.error.FFmpegError):
                if piece is not None:
                    piece.close()
        self._file = None
        self._part.unlink(missing_ok=True)


def reason_of(error: BaseException) -> str:
    """The system's own words for why a file could not be written, also from under PyAV's errors."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and 0 < cause.errno < 1000 and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)
