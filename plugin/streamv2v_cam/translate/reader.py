"""ClipReader: every frame of a clip in order, upright and timed, and its sound on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from ..frame import Pixels
from ..system.opencv import cv2
from .timing import Timed

PIPE = "-"
BT709, BT601 = 1, 6
_TEXT_FORMATS = {"tty", "bin", "xbin", "adf", "idf", "srt", "ass", "webvtt", "subviewer", "microdvd"}
_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: "BT2020", 10: "BT2020"}
_UNSPECIFIED = (0, 2)
_HD_LINES = 720
"""Where nothing is tagged, players take BT.709 from this height on and BT.601 below."""

log = logging.getLogger(__name__)


class ClipReader:
    """A context manager around one input.

    Args:
        source: path, or "-" for standard input.

    Attributes:
        name: for people.
        width, height: as it is meant to be seen: upright, in pixels of `sample_aspect`.
        sample_aspect: width over height of one pixel, upright.
        time_base: seconds per tick of the frames' times.
        rate: average frames per second.
        frame_count: frames the container announces; None where it does not.
        damaged: packets of pictures that could not be decoded.
        matrix: number of the colour matrix (ITU-T H.273) of the picture; the guess where untagged.

    Raises:
        MediaError: it cannot be opened, or holds no moving picture.
    """

    def __init__(self, source: str) -> None:
        import av
        import av.error

        self._errors: Any = (av.error.FFmpegError, OSError, ValueError)
        self.name = "standard input" if source == PIPE else f"clip {source!r}"
        if source != PIPE:
            _check_path(source)
        try:
            self._container: Any = av.open("pipe:0" if source == PIPE else source)
        except self._errors as error:
            raise MediaError(f"The {self.name} cannot be opened: {_reason(error)}.") from None
        if not self._container.streams.video or self._container.format.name in _TEXT_FORMATS:
            kind = self._container.format.long_name or self._container.format.name
            self._container.close()
            raise MediaError(f"The {self.name} holds no video (it looks like: {kind}). Choose a video file.")
        self.damaged = 0
        self._video: Any = self._container.streams.video[0]
        self._video.thread_type = "AUTO"
        self.audio: list[Any] = list(self._container.streams.audio)
        self.time_base: Fraction = self._video.time_base
        self.rate = Fraction(self._video.average_rate or self._video.guessed_rate or 30)
        self.frame_count = self._announced()
        self._step = max(1, round(1 / (self.rate * self.time_base)))
        self._first = self._read_first()

    def __enter__(self) -> ClipReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def frames(self, *, on_sound: Callable[[Any], None]) -> Iterator[Timed[Pixels]]:
        """Every frame once, in order, beginning near 0; once per reader.

        Args:
            on_sound: gets each packet of sound, its times counted from the same 0.
        """
        held: tuple[Pixels, int, int] | None = None
        for frame in self._decoded(on_sound):
            pixels, ticks = self._to_pixels(frame), self._ticks(frame, held)
            if held is not None:
                yield Timed(held[0], held[1], ticks - held[1])
            held = pixels, ticks, frame.duration or self._step
        if held is not None:
            yield Timed(*held)

    def _decoded(self, on_sound: Callable[[Any], None]) -> Iterator[Any]:
        for packet, frames in self._first:
            if packet is not None:
                self._pass_sound(packet, on_sound)
            yield from frames
        packets = self._container.demux([self._video, *self.audio])
        while (packet := self._next(packets)) is not None:
            if packet.stream.type == "audio":
                self._pass_sound(packet, on_sound)
            else:
                yield from self._pictures(packet)
        if self.damaged:
            log.warning(
                "The %s is damaged; %d of its parts could not be read and are left out.", self.name, self.damaged
            )

    def _next(self, packets: Iterator[Any]) -> Any:
        try:
            return next(packets, None)
        except self._errors as error:
            # what was translated so far is worth more than a refusal after an hour's work
            log.warning("The %s breaks off: %s.", self.name, _reason(error))
            return None

    def _pictures(self, packet: Any) -> list[Any]:
        try:
            return packet.decode()
        except self._errors:
            # a stream that is joined in the middle begins with pictures that lack their beginning
            self.damaged += 1
            return []

    def _read_first(self) -> list[tuple[Any, list[Any]]]:
        # size, turn and colours are the first frame's: some containers announce others, or none
        held: list[tuple[Any, list[Any]]] = []
        try:
            for packet in self._container.demux([self._video, *self.audio]):
                if packet.stream.type == "audio":
                    held.append((packet, []))
                    continue
                frames = self._pictures(packet)
                held.append((None, frames))
                if frames:
                    self._learn(frames[0])
                    return held
        except self._errors as error:
            self._container.close()
            raise MediaError(f"The {self.name} cannot be decoded: {_reason(error)}.") from None
        self._container.close()
        raise MediaError(f"The {self.name} holds no picture. Choose another clip.")

    def _learn(self, frame: Any) -> None:
        self._quarter_turns = round((frame.rotation or 0) / 90) % 4
        aspect = self._video.sample_aspect_ratio or 0
        self.sample_aspect = Fraction(aspect) if aspect and aspect > 0 else Fraction(1)
        self.width, self.height = frame.width, frame.height
        if self._quarter_turns % 2:
            self.width, self.height = self.height, self.width
            self.sample_aspect = 1 / self.sample_aspect
        context = self._video.codec_context
        guess = BT709 if frame.height >= _HD_LINES else BT601
        self.matrix = guess if int(frame.colorspace) in _UNSPECIFIED else int(frame.colorspace)
        self.primaries = guess if context.color_primaries in _UNSPECIFIED else context.color_primaries
        self.transfer = guess if context.color_trc in _UNSPECIFIED else context.color_trc
        times = [stream.start_time * stream.time_base for stream in (self._video, *self.audio) if stream.start_time]
        self._zero_s = min(times) if len(times) == 1 + len(self.audio) else Fraction(0)

    def _ticks(self, frame: Any, held: tuple[Pixels, int, int] | None) -> int:
        after = None if held is None else held[1]
        if frame.pts is None:
            return 0 if after is None or held is None else after + held[2]
        ticks = frame.pts - round(self._zero_s / self.time_base)
        return ticks if after is None else max(ticks, after + 1)

    def _pass_sound(self, packet: Any, on_sound: Callable[[Any], None]) -> None:
        if packet.dts is None:
            return
        offset = round(self._zero_s / packet.time_base)
        packet.dts -= offset
        if packet.pts is not None:
            packet.pts -= offset
        on_sound(packet)

    def _to_pixels(self, frame: Any) -> Pixels:
        """RGB uint8 `[height, width, 3]`, upright."""
        picture = frame.reformat(format="rgb24", src_colorspace=matrix_name(self.matrix))
        pixels = np.rot90(picture.to_ndarray(), self._quarter_turns)
        if pixels.shape[:2] != (self.height, self.width):
            # a stream may change its size on the way; the clip that is written cannot
            pixels = cv2.resize(np.ascontiguousarray(pixels), (self.width, self.height))
        return np.ascontiguousarray(pixels, dtype=np.uint8)

    def _announced(self) -> int | None:
        if self._video.frames:
            return self._video.frames
        if self._container.duration:
            return max(1, round(self._container.duration / 1_000_000 * float(self.rate)))
        return None


def matrix_name(matrix: int) -> str:
    """The scaler's name for a colour matrix."""
    return _MATRICES.get(matrix, "ITU601")


def _check_path(source: str) -> None:
    path = Path(source)
    if path.is_dir():
        raise MediaError(f"The clip {source!r} is a folder. Name a video file in it.")
    if "://" not in source and not path.exists():
        raise MediaError(f"The clip {source!r} does not exist. Check the path.")


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if "Invalid data" in text:
        return "it is not a video, or it is damaged"
    return text[0].lower() + text[1:] if text[1:2].islower() else text
