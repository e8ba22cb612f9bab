"""ClipWriter: styled pictures at their times and the sound, under the final name only when whole."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from ..frame import Pixels
from ..media.colours import matrix_name
from ..system.partfile import PartFile
from .formats import FRAGMENTED, is_device, kind_of, needs_fragments
from .pipes import OutPipe
from .reader import PIPE
from .sound import Sound
from .surroundings import Surroundings

LIMITED_RANGE = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureFormat:
    """What the encoder is told.

    Attributes:
        width, height: even, px.
        sample_aspect: width over height of one pixel.
        time_base: seconds per tick.
        rate: average frames per second.
        matrix, primaries, transfer: colour numbers of ITU-T H.273.
    """

    width: int
    height: int
    sample_aspect: Fraction
    time_base: Fraction
    rate: Fraction
    matrix: int
    primaries: int
    transfer: int


class ClipWriter:
    """A context manager: leaving it whole finishes the clip, leaving it by an error removes what there is.

    Args:
        target: path whose ending names the container, or "-" for standard output (matroska).
        picture: see there.
        sound: the input's sound streams to carry over, maybe none.
        surroundings: the input's container and its subtitles, whose titles and chapters are kept; None for none.
        replace: take the place of a file of that name.

    Raises:
        MediaError: a place that cannot be written to.
    """

    def __init__(
        self,
        target: str,
        picture: PictureFormat,
        sound: Sequence[Any] = (),
        *,
        surroundings: tuple[Any, Sequence[Any]] | None = None,
        replace: bool = False,
    ) -> None:
        import av
        import av.error

        self._av: Any = av
        self._errors: Any = (av.error.FFmpegError, OSError, ValueError)
        self.name = "standard output" if target == PIPE else f"clip {target!r}"
        self.frames = 0
        self._target, self._replace = target, replace
        self._kind = kind_of(target)
        self._durations: dict[int, int] = {}
        self._picture = picture
        self._container: Any = None
        self._part: PartFile | None = None
        self._pipe: OutPipe | None = None
        try:
            self._open(picture)
            self._sound = Sound(self._container, self._kind, sound)
            self._around = surroundings and Surroundings(self._container, self._kind, *surroundings)
            # the container's beginning now, so that what it refuses is known before the engine was started
            self._container.start_encoding()
            self._check_pipe()
        except self._errors as error:
            self.discard()
            raise MediaError(f"The {self.name} cannot be written: {words_of(error)}.") from None

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._finish()
        else:
            self.discard()

    @property
    def sound_kept(self) -> str:
        """ "copied", "as aac", or "" without sound."""
        return self._sound.kept

    def write(self, pixels: Pixels, *, pts: int, duration: int) -> None:
        """Append one picture.

        Args:
            pixels: RGB uint8 `[height, width, 3]`.
            pts, duration: when and how long it is shown, in ticks of the picture format's time base.
        """
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        if self._kind.pixels != "rgb24":
            yuv = self._kind.pixels.startswith("yuv")
            more: dict[str, Any] = {"dst_colorspace": matrix_name(self._picture.matrix), "dst_color_range": "MPEG"}
            frame = frame.reformat(format=self._kind.pixels, **(more if yuv else {}))
        self.write_frame(frame, pts=pts, duration=duration)

    def write_frame(self, frame: Any, *, pts: int, duration: int) -> None:
        """Append one picture that is in the encoder's format already; see `write`."""
        frame.pts, frame.time_base = pts, self._picture.time_base
        self._durations[pts] = duration
        self.frames += 1
        self._guarded(self._encode, frame)

    def other(self, packet: Any) -> None:
        """One packet of sound or subtitles of the input."""
        if packet.stream.type == "audio":
            self._guarded(self._sound.packets, packet)
        elif self._around is not None:
            self._guarded(self._around.packet, packet)

    def _open(self, picture: PictureFormat) -> None:
        options: dict[str, str] = dict(self._kind.container)
        if self._target == PIPE or is_device(self._target):
            self._pipe = OutPipe(os.dup(1) if self._target == PIPE else os.open(self._target, os.O_WRONLY))
            options |= FRAGMENTED if needs_fragments(self._kind) else {}
            given: Any = self._pipe
        else:
            # Python's own file, because its errors (a full disk) come at once and in words
            self._part = PartFile(Path(os.path.realpath(self._target)))
            given = self._part.file
        self._container = self._av.open(given, "w", format=self._kind.muxer, options=options)
        stream: Any = self._container.add_stream(self._kind.codec, rate=picture.rate, options=dict(self._kind.options))
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, self._kind.pixels
        stream.sample_aspect_ratio = picture.sample_aspect
        context = stream.codec_context
        context.time_base = stream.time_base = picture.time_base
        if self._kind.pixels.startswith("yuv"):
            context.colorspace, context.color_range = picture.matrix, LIMITED_RANGE
            context.color_primaries, context.color_trc = picture.primaries, picture.transfer
        self._stream = stream

    def _encode(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = self._durations.pop(packet.pts, 0)
            self._container.mux(packet)

    def _check_pipe(self) -> None:
        if self._pipe is not None:
            self._pipe.check()

    def _guarded(self, work: Any, *given: Any) -> None:
        try:
            work(*given)
            self._check_pipe()
        except BrokenPipeError:
            raise MediaError(f"The reader of {self.name} has gone after {self.frames} frames.") from None
        except self._errors as error:
            raise MediaError(f"The {self.name} was lost after {self.frames} frames: {words_of(error)}.") from None

    def _finish(self) -> None:
        try:
            self._guarded(self._end)
            if self._part is not None:
                self._guarded(self._name_it, self._part)
        except BaseException:
            self.discard()
            raise

    def _name_it(self, part: PartFile) -> None:
        path = part.finish(replace=self._replace)
        if path.name != part.target.name:
            log.warning("%r was written by somebody else meanwhile and is untouched: the clip is %r.",
                        part.target.name, str(path))  # fmt: skip

    def _end(self) -> None:
        self._encode(None)
        self._sound.end()
        container, self._container = self._container, None
        container.close()
        if self._pipe is not None:
            self._pipe.close()

    def discard(self) -> None:
        """Remove what was written."""
        container, self._container = self._container, None
        try:
            if container is not None:
                container.close()
        except self._errors:
            pass
        if self._pipe is not None:
            self._pipe.close()
        if self._part is not None:
            self._part.discard()


def words_of(error: BaseException) -> str:
    """What went wrong, in the system's words, to go on within a sentence."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[0].lower() + text[1:]
