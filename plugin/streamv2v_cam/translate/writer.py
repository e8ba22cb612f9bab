"""ClipWriter: styled pictures at their times and the sound, under the final name only when whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from ..frame import Pixels
from .reader import PIPE, matrix_name

FORMATS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".ts": "mpegts",
    ".avi": "avi",
    ".nut": "nut",
}
PIPE_FORMAT = "matroska"
# without B-frames a picture leaves in the order it came and its duration can be said exactly
ENCODER = {"preset": "veryfast", "crf": "18", "bf": "0"}
LIMITED_RANGE = 1
SOUND_FALLBACK = "aac"
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
MPEGTS_SOUND = {"aac", "ac3", "eac3", "mp2", "mp3", "opus"}
"""FFmpeg does not list what this container takes."""


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

    Raises:
        MediaError: an ending nobody knows, a place that cannot be written to.
    """

    def __init__(self, target: str, picture: PictureFormat, sound: Sequence[Any] = ()) -> None:
        import av
        import av.error

        self._av: Any = av
        self._errors: Any = (av.error.FFmpegError, OSError)
        self.name = "standard output" if target == PIPE else f"clip {target!r}"
        self.frames = 0
        self.sound_kept = ""
        self._target = target
        self._part = None if target == PIPE else Path(target + ".part")
        self._durations: dict[int, int] = {}
        self._picture = picture
        self._container: Any = None
        self._file: Any = None
        try:
            self._open(picture, sound)
        except self._errors as error:
            self._discard()
            raise MediaError(f"The {self.name} cannot be written: {_words(error)}.") from None

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._finish()
        else:
            self._discard()

    def write(self, pixels: Pixels, *, pts: int, duration: int) -> None:
        """Append one picture.

        Args:
            pixels: RGB uint8 `[height, width, 3]`.
            pts, duration: when and how long it is shown, in ticks of the picture format's time base.
        """
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(
            format="yuv420p", dst_colorspace=matrix_name(self._picture.matrix), dst_color_range="MPEG"
        )
        frame.pts, frame.time_base = pts, self._picture.time_base
        self._durations[pts] = duration
        self.frames += 1
        self._guarded(self._encode, frame)

    def sound(self, packet: Any) -> None:
        """Append one packet of sound of one of the input's streams."""
        copy = self._copies.get(packet.stream.index)
        if copy is not None:
            packet.stream = copy
            self._guarded(self._container.mux, packet)
        elif packet.stream.index in self._coders:
            self._guarded(self._transcode, packet.stream.index, packet)

    def _open(self, picture: PictureFormat, sound: Sequence[Any]) -> None:
        if self._part is None:
            self._file = os.fdopen(os.dup(1), "wb")
            self._container = self._av.open(_Unseekable(self._file), "w", format=PIPE_FORMAT)
        else:
            # Python's own file, because its errors (a full disk) come at once and in words
            self._file = self._part.open("wb")
            self._container = self._av.open(self._file, "w", format=FORMATS[Path(self._target).suffix.lower()])
        stream: Any = self._container.add_stream("libx264", rate=picture.rate, options=dict(ENCODER))
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        stream.sample_aspect_ratio = picture.sample_aspect
        context = stream.codec_context
        context.time_base = stream.time_base = picture.time_base
        context.colorspace, context.color_range = picture.matrix, LIMITED_RANGE
        context.color_primaries, context.color_trc = picture.primaries, picture.transfer
        self._stream = stream
        self._copies: dict[int, Any] = {}
        self._coders: dict[int, Any] = {}
        for source in sound:
            self._add_sound(source)

    def _add_sound(self, source: Any) -> None:
        takes = set(self._container.supported_codecs) | (
            MPEGTS_SOUND if self._container.format.name == "mpegts" else set()
        )
        if source.codec_context.codec.canonical_name in takes:
            self._copies[source.index] = self._container.add_stream_from_template(source)
            self.sound_kept = self.sound_kept or "copied"
        else:
            context = source.codec_context
            # a raw format says how many channels it has, not which
            layout = LAYOUTS.get(context.layout.nb_channels, "stereo")
            coder = self._container.add_stream(SOUND_FALLBACK, rate=context.sample_rate, layout=layout)
            self._coders[source.index] = (context, coder)
            self.sound_kept = f"as {SOUND_FALLBACK}"

    def _encode(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = self._durations.pop(packet.pts, 0)
            self._container.mux(packet)

    def _transcode(self, index: int, packet: Any) -> None:
        decoder, coder = self._coders[index]
        frames = decoder.decode(packet)
        for frame in frames if packet is not None else [*frames, None]:
            self._container.mux(coder.encode(frame))

    def _guarded(self, work: Any, *given: Any) -> None:
        try:
            work(*given)
        except BrokenPipeError:
            raise MediaError(f"The reader of {self.name} has gone after {self.frames} frames.") from None
        except self._errors as error:
            raise MediaError(f"The {self.name} was lost after {self.frames} frames: {_words(error)}.") from None

    def _finish(self) -> None:
        try:
            self._guarded(self._end)
            if self._part is not None:
                self._guarded(os.replace, self._part, self._target)
        except BaseException:
            self._discard()
            raise

    def _end(self) -> None:
        self._encode(None)
        for index in self._coders:
            self._transcode(index, None)
        container, self._container = self._container, None
        container.close()
        self._file.close()

    def _discard(self) -> None:
        for piece in (self._container, self._file):
            try:
                if piece is not None:
                    piece.close()
            except (OSError, ValueError):
                pass
        self._container = self._file = None
        if self._part is not None:
            self._part.unlink(missing_ok=True)


class _Unseekable:
    """A pipe as a container's file: it can only be written to."""

    def __init__(self, file: Any) -> None:
        self.write = file.write


def check_target(source: str, target: str, *, overwrite: bool) -> None:
    """Refuse a target before any work is done.

    Raises:
        MediaError: what stands in the way and what to do.
    """
    if target == PIPE:
        return
    path = Path(target)
    if path.suffix.lower() not in FORMATS:
        raise MediaError(f"The clip {target!r} ends in none of {', '.join(FORMATS)}. Choose one of these.")
    if path.is_dir():
        raise MediaError(f"The clip {target!r} is a folder. Name a file in it.")
    if not path.parent.is_dir():
        raise MediaError(f"The folder {str(path.parent)!r} does not exist. Make it first.")
    if path.exists():
        if source != PIPE and Path(source).exists() and path.samefile(source):
            raise MediaError(f"IN and OUT are the same file, {target!r}. Choose another name for OUT.")
        if not overwrite:
            raise MediaError(f"The clip {target!r} exists already. Choose another name, or add --overwrite.")


def _words(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[0].lower() + text[1:]
