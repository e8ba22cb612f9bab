"""A video file as a sink: h264, constant rate, written so that what is on the disk plays at any moment.

An MP4 is written in fragments of 0.2 s and made an ordinary one by its end; a Matroska file in clusters as short. A
host that is killed, or a disk that fills, costs what came after the last of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SinkError
from ...frame import Pixels
from ...rates import rate_of
from ...system.paths import home_path

ENDINGS = (".mp4", ".mkv", ".mov")
FORMATS = {".mp4": "mp4", ".mkv": "matroska", ".mov": "mov"}
ENCODER = {"preset": "superfast", "crf": "20", "bf": "0", "rc-lookahead": "4"}
PIECE_MS = 200
"""How much of the end may be in memory alone, beside the few pictures that the encoder holds."""
_FRAGMENTS = {"movflags": "+hybrid_fragmented", "frag_duration": str(PIECE_MS * 1000)}
MUXERS = {
    ".mp4": _FRAGMENTS,
    ".mov": _FRAGMENTS,
    ".mkv": {"cluster_time_limit": str(PIECE_MS)},
}
# What ENCODER's colours are said to be, so that players do not guess: BT.709, limited range.
BT709, LIMITED = 1, 1


class VideoFileSink:
    """Writes NAME; where a file of that name is there, a neighbour with "new" in its name, which replaces it at last.

    Args:
        path: ends in .mp4, .mkv or .mov; a file of that name is kept until the new one is whole.
        width, height: even numbers of pixels.
        fps: pictures per second; each `send` is one of them.

    Raises:
        SinkError: the place cannot be written to, or the size cannot be encoded.
    """

    def __init__(self, path: Path | str, *, width: int, height: int, fps: float) -> None:
        self.path = home_path(path)
        self.name = f"file {self.path.name!r}"
        self.frames = 0
        self._part = _free_name(self.path)
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
        rate = rate_of(fps)
        try:
            self._file = _GuardedFile(self._part)
            ending = self.path.suffix.lower()
            options = {"flush_packets": "1", **MUXERS[ending]}
            self._container = av.open(self._file, "w", format=FORMATS[ending], container_options=options)
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
            SinkError: the end could not be written; what was written before it stays, and plays.
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
                self._file.sound()
        except (self._av.error.FFmpegError, OSError) as error:
            container, self._container = self._container, None
            raise SinkError(f"The {self.name} was ended: {reason_of(error)}. {self._keep(container)}") from None

    def _finish(self, container: Any) -> None:
        try:
            container.close()
            self._file.close()
            if self._part != self.path:
                os.replace(self._part, self.path)
        except (self._av.error.FFmpegError, OSError) as error:
            raise SinkError(f"The {self.name} was ended: {reason_of(error)}. {self._keep(None)}") from None

    def _keep(self, container: Any) -> str:
        """Leave what plays of a file that cannot go on, under its own name; what became of it, in words."""
        if self._file is not None:
            self._file.cut()
        self._close_pieces(container)
        try:
            with self._av.open(str(self._part)) as kept:
                video = kept.streams.video[0]
                frames = sum(1 for packet in kept.demux(video) if packet.size)
        except (self._av.error.FFmpegError, OSError, IndexError):
            frames = 0
        if not frames:
            self._part.unlink(missing_ok=True)
            return "Nothing was kept."
        return f"{frames} of {self.frames} frames are kept in {self._part.name!r} and play."

    def _discard(self, container: Any) -> None:
        self._close_pieces(container)
        self._part.unlink(missing_ok=True)

    def _close_pieces(self, container: Any) -> None:
        for piece in (container, self._file):
            # what cannot be written cannot be closed properly either, and the first error has been told
            with contextlib.suppress(OSError, ValueError, self._av.error.FFmpegError):
                if piece is not None:
                    piece.close()
        self._file = None


def _free_name(path: Path) -> Path:
    """`path`, or a neighbour of it that nobody has: a file that the program did not make is not written to."""
    if not path.exists():
        return path
    names = (f".new{number or ''}{path.suffix}" for number in range(1000))
    return next(free for name in names if not (free := path.with_suffix(name)).exists())


class _GuardedFile:
    """Python's own file, whose errors come at once and in words; after the first one nothing in it is touched.

    A container that is closed after a failed write would go back to the file's beginning and make it one whose end is
    missing.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._failed: OSError | None = None
        # some file systems count no names at all
        self._named = os.fstat(self._file.fileno()).st_nlink > 0
        self._sound_bytes = 0

    def sound(self) -> None:
        """All up to here belongs together and plays."""
        self._sound_bytes = self._file.tell()

    def cut(self) -> None:
        """Take away what does not belong to anything whole."""
        with contextlib.suppress(OSError, ValueError):  # closed already, where it could only not be given its name
            self._file.truncate(self._sound_bytes)

    def write(self, data: bytes) -> int:
        if self._failed is not None:
            raise self._failed
        try:
            if self._named and not os.fstat(self._file.fileno()).st_nlink:
                # it would be written to the end of the show, and nobody could ever open it
                raise OSError(errno.ENOENT, "it was deleted while it was written")
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self._failed = error
            raise
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def reason_of(error: BaseException) -> str:
    """The system's own words for why a file could not be written, also from under PyAV's errors."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and 0 < cause.errno < 1000 and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)
