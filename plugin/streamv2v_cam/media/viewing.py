"""Viewer: a decoded frame becomes the picture a player shows: upright, opaque, in the colours of an SDR screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..frame import Pixels
from .colours import ToneMap, is_wide, matrix_name, matrix_of
from .turning import turn_of

BACKGROUND = 0
"""Value of red, green and blue behind a picture that lets through: black, as players show it."""


def has_alpha(frame: Any) -> bool:
    """Whether a frame's format lets through."""
    return frame.format.name == "pal8" or any(part.is_alpha for part in frame.format.components)


def over_background(pixels: Any) -> Pixels:
    """RGBA uint8 `[H, W, 4]`, straight alpha, laid over the plain background: RGB uint8 `[H, W, 3]`."""
    alpha = pixels[..., 3:].astype(np.uint16)
    mixed = pixels[..., :3] * alpha + np.uint16(BACKGROUND) * (255 - alpha) + 127
    return (mixed // 255).astype(np.uint8)


def let_through(what: str) -> str:
    """The line that says that something is transparent in places."""
    return f"{what} lets through in places: it was laid over black."


class Viewer:
    """Makes pictures of the frames of one stream; what it needs for HDR is made once and kept.

    Attributes:
        transparent: whether a picture so far let through anywhere, and was laid over the background.
    """

    def __init__(self) -> None:
        self._tones: ToneMap | None = None
        self.transparent = False

    def pixels(self, frame: Any) -> Pixels:
        """RGB uint8 `[height, width, 3]`, upright, in pixels of the stream's own aspect."""
        return turn_of(frame).apply(self._flat(frame))

    def _flat(self, frame: Any) -> Any:
        if is_wide(frame) and not has_alpha(frame):
            if self._tones is None or not self._tones.fits(frame):
                self._tones = ToneMap(frame)
            return self._tones(frame)
        matrix = matrix_name(matrix_of(frame))
        if has_alpha(frame):
            pixels = frame.reformat(format="rgba", src_colorspace=matrix).to_ndarray()
            self.transparent = self.transparent or bool((pixels[..., 3] < 255).any())
            return over_background(pixels)
        return frame.reformat(format="rgb24", src_colorspace=matrix).to_ndarray()


@dataclass(frozen=True)
class Shown:
    """A frame whose fields were joined where it had two.

    Attributes:
        frame: the picture.
        pts, duration: of the frame that was decoded, in ticks of the stream; None where it has none.
    """

    frame: Any
    pts: int | None
    duration: int | None


def deinterlaced(frames: Iterable[Any]) -> Iterator[Shown]:
    """Each frame once, in order; from the first interlaced one on `bwdif` joins the fields of those that are."""
    joiner: _Joiner | None = None
    for frame in frames:
        if joiner is not None and not joiner.fits(frame):
            yield from joiner.rest()
            joiner = None
        if joiner is None and frame.interlaced_frame:
            joiner = _Joiner(frame)
        if joiner is None:
            yield shown(frame)
        else:
            yield from joiner.push(frame)
    if joiner is not None:
        yield from joiner.rest()


def shown(frame: Any) -> Shown:
    """A frame as it was decoded, with its times; many containers have only the time of decoding."""
    return Shown(frame, frame.dts if frame.pts is None else frame.pts, frame.duration or None)


class _Joiner:
    """A filter graph for frames of one size and format."""

    def __init__(self, frame: Any) -> None:
        import av.error
        import av.filter

        self._not_yet: Any = (av.error.BlockingIOError, av.error.EOFError)
        self._key = _shape(frame)
        self._times: deque[Shown] = deque()
        self._count = 0
        graph: Any = av.filter.Graph()
        self._source = graph.add(
            "buffer",
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/25:pixel_aspect=1/1"
            f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
        )
        join = graph.add("bwdif", "mode=send_frame:deint=interlaced")
        self._sink = graph.add("buffersink")
        self._source.link_to(join)
        join.link_to(self._sink)
        graph.configure()
        self._graph = graph

    def fits(self, frame: Any) -> bool:
        return _shape(frame) == self._key

    def push(self, frame: Any) -> Iterator[Shown]:
        self._times.append(shown(frame))
        # the filter wants times that grow; those of the stream are kept beside it
        frame.pts, frame.time_base = self._count, Fraction(1, 25)
        self._count += 1
        self._source.push(frame)
        yield from self._ready()

    def rest(self) -> Iterator[Shown]:
        self._source.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[Shown]:
        while self._times:
            try:
                frame = self._sink.pull()
            except self._not_yet:
                return
            times = self._times.popleft()
            yield Shown(frame, times.pts, times.duration)


def _shape(frame: Any) -> tuple[Any, ...]:
    return frame.width, frame.height, frame.format.name, int(frame.colorspace), int(frame.color_range)
