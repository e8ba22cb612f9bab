"""ClipReader: every frame of a clip in order, as a person sees it and timed, and its sound on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import MediaError
from ..frame import Pixels
from ..media.colours import tags_of
from ..media.fitting import fitted
from ..media.layers import decoder_of
from ..media.names import in_words, is_address, is_series
from ..media.opening import is_tile, open_clip, reason_of
from ..media.packets import Packets
from ..media.turning import turn_of
from ..media.viewing import Shown, Viewer, deinterlaced, let_through
from .pipes import open_input
from .timing import Timed

PIPE = "-"
NETWORK_TIMEOUT_S = 30.0

log = logging.getLogger(__name__)


class ClipReader:
    """A context manager around one input.

    Args:
        source: path, folder or pattern of numbered pictures, http(s) address, or "-" for standard input.
        series_rate: pictures a second of numbered pictures; None for the usual one.

    Attributes:
        name: for people.
        width, height: as it is meant to be seen: upright, in pixels of `sample_aspect`.
        sample_aspect: width over height of one pixel, upright.
        time_base: seconds per tick of the frames' times.
        rate: average frames per second.
        frame_count: frames the container announces; None where it does not.
        damaged: packets of pictures that could not be decoded.
        matrix, primaries, transfer: colour numbers (ITU-T H.273) of the pictures given out; guessed where untagged.
        container: the opened input, for what surrounds the picture.

    Raises:
        MediaError: it cannot be opened, or holds no moving picture.
    """

    def __init__(self, source: str, *, series_rate: Fraction | None = None) -> None:
        import av.error

        self._errors: Any = (av.error.FFmpegError, OSError, ValueError)
        self._end: Any = av.error.EOFError
        self.name = "standard input" if source == PIPE else f"clip {in_words(source)!r}"
        if source != PIPE:
            _check_path(source)
        self._why_empty = ""
        self.container: Any
        self._video: Any
        if source == PIPE:
            self.container, self._video, self._why_empty = open_input(f"The {self.name}")
        else:
            self.container, self._video = open_clip(
                source,
                what=f"The {self.name}",
                refusal=MediaError,
                timeout_s=NETWORK_TIMEOUT_S if is_address(source) else None,
                rate=series_rate,
            )
        if is_tile(self._video):
            self.container.close()
            raise MediaError(f"The {self.name} is a still picture made of tiles. Save it as PNG or JPEG first.")
        self.damaged = self._hidden = self._places = 0
        self._video.thread_type = "AUTO"
        self.audio: list[Any] = list(self.container.streams.audio)
        self.subtitles: list[Any] = list(self.container.streams.subtitles)
        self.time_base: Fraction = self._video.time_base
        self.rate = Fraction(self._video.average_rate or self._video.guessed_rate or 30)
        self.frame_count = self._announced()
        self._step = max(1, round(1 / (self.rate * self.time_base)))
        self._frames_of = decoder_of(self._video)
        self._viewer = Viewer()
        self._bars_said = self._transparent_said = False
        wanted = [self._video, *(stream for stream in (*self.audio, *self.subtitles) if stream.codec_context)]
        self._packets = Packets(self.container, wanted, name=self.name)
        self._remaining = iter(self._packets)
        self._first = self._read_first()

    def __enter__(self) -> ClipReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    def frames(self, *, on_other: Callable[[Any], None]) -> Iterator[Timed[Pixels]]:
        """Every frame once, in order, beginning near 0; once per reader.

        Args:
            on_other: gets each packet of sound and subtitles, its times counted from the same 0.
        """
        held: tuple[Pixels, int, int] | None = None
        count = 0
        for shown in deinterlaced(self._decoded(on_other)):
            count += 1
            pixels, ticks = self._to_pixels(shown.frame), self._ticks(shown, held)
            if held is not None:
                yield Timed(held[0], held[1], ticks - held[1])
            held = pixels, ticks, shown.duration or self._step
        if held is not None:
            yield Timed(*held)
        self._say_what_was_missing(count)

    def _say_what_was_missing(self, count: int) -> None:
        # an edit list hides pictures, as of a clip that was trimmed; the frames of AVI are places in time, some empty
        announced = self._video.frames - self._hidden
        whole = self.container.format.name == "avi" and self._places >= announced and not self.damaged
        if count < announced and not whole:
            log.warning(
                "The %s is torn or damaged: %d of its %d pictures could be read; these were kept.",
                self.name,
                count,
                announced,
            )
        elif self.damaged:
            log.warning(
                "The %s is damaged; %d of its parts could not be read and are left out.", self.name, self.damaged
            )

    def _decoded(self, on_other: Callable[[Any], None]) -> Iterator[Any]:
        for packet, frames in self._first:
            if packet is not None:
                self._pass_on(packet, on_other)
            yield from frames
        for packet in self._remaining:
            if packet.stream.index == self._video.index:
                yield from self._pictures(packet)
            else:
                self._pass_on(packet, on_other)

    def _pictures(self, packet: Any) -> list[Any]:
        self._hidden += packet.is_discard
        if packet.dts is not None:
            self._places = packet.dts + 1
        try:
            return self._frames_of(packet)
        except self._end:
            return []
        except self._errors:
            # a stream that is joined in the middle begins with pictures that lack their beginning
            self.damaged += 1
            return []

    def _read_first(self) -> list[tuple[Any, list[Any]]]:
        # size, turn and colours are the first frame's: some containers announce others, or none
        held: list[tuple[Any, list[Any]]] = []
        try:
            for packet in self._remaining:
                if packet.stream.index != self._video.index:
                    held.append((packet, []))
                    continue
                frames = self._pictures(packet)
                held.append((None, frames))
                if frames:
                    self._learn(frames[0])
                    return held
        except self._errors as error:
            self.container.close()
            raise MediaError(f"The {self.name} cannot be decoded: {reason_of(error)}.") from None
        self.container.close()
        raise MediaError(
            self._why_empty or f"The {self.name} holds no picture that can be decoded. Choose another clip."
        )

    def _learn(self, frame: Any) -> None:
        self.sample_aspect = self._aspect()
        self.width, self.height = frame.width, frame.height
        if turn_of(frame).swap:
            self.width, self.height = self.height, self.width
            self.sample_aspect = 1 / self.sample_aspect
        self.matrix, self.primaries, self.transfer = tags_of(frame)
        sounds = [stream for stream in self.audio if stream.codec_context]
        times = [stream.start_time * stream.time_base for stream in (self._video, *sounds) if stream.start_time]
        self._zero_s = min(times) if len(times) == 1 + len(sounds) else Fraction(0)

    def _aspect(self) -> Fraction:
        aspect = self._video.sample_aspect_ratio or 0
        return Fraction(aspect) if aspect and aspect > 0 else Fraction(1)

    def _ticks(self, shown: Shown, held: tuple[Pixels, int, int] | None) -> int:
        after = None if held is None else held[1]
        if shown.pts is None:
            return 0 if after is None or held is None else after + held[2]
        ticks = shown.pts - round(self._zero_s / self.time_base)
        return ticks if after is None else max(ticks, after + 1)

    def _pass_on(self, packet: Any, on_other: Callable[[Any], None]) -> None:
        if packet.dts is None:
            return
        offset = round(self._zero_s / packet.time_base)
        packet.dts -= offset
        if packet.pts is not None:
            packet.pts -= offset
        on_other(packet)

    def _to_pixels(self, frame: Any) -> Pixels:
        """RGB uint8 `[height, width, 3]`, upright; a frame of another size with bars, so that round stays round."""
        pixels = self._viewer.pixels(frame)
        if self._viewer.transparent and not self._transparent_said:
            self._transparent_said = True
            log.warning("%s", let_through(f"The {self.name}"))
        if pixels.shape[:2] == (self.height, self.width):
            return pixels
        if not self._bars_said:
            self._bars_said = True
            log.warning(
                "The pictures of the %s change their size on the way, to %dx%d; the clip that is written stays %dx%d, "
                "with bars where the shape differs.",
                self.name,
                *(pixels.shape[1], pixels.shape[0], self.width, self.height),
            )
        context = self._video.codec_context
        own = Fraction(context.sample_aspect_ratio or 1) if context.sample_aspect_ratio else Fraction(1)
        if turn_of(frame).swap:
            own = 1 / own
        return fitted(pixels, float(own / self.sample_aspect), self.width, self.height)

    def _announced(self) -> int | None:
        if self._video.frames:
            return self._video.frames
        if self.container.duration:
            return max(1, round(self.container.duration / 1_000_000 * float(self.rate)))
        return None


def _check_path(source: str) -> None:
    if is_address(source) or is_series(source):
        return
    if not source:
        # as a path it would be the present folder
        raise MediaError("The name of the clip is empty. Name a video file, or a folder of pictures.")
    try:
        there = Path(source).exists()
    except OSError as error:
        raise MediaError(f"The clip {source!r} cannot be opened: {reason_of(error)}.") from None
    if not there:
        raise MediaError(f"The clip {source!r} does not exist. Check the path.")
