"""A row of pictures as a file that FFmpeg reads, where FFmpeg has no reader for what they come from.

Each is decoded when it is asked for and written as raw values, so that a long row costs no more memory than a short
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..frame import Pixels


@dataclass(frozen=True)
class Still:
    """One picture of a row.

    Attributes:
        pixels: RGB or RGBA uint8 `[H, W, 3 or 4]`, as the first of the row.
        ticks: how long it is shown.
    """

    pixels: Pixels
    ticks: int


class Row:
    """Can be read like an open file, from its beginning to its end.

    Args:
        stills: all of one size and kind; taken one by one.
        tick_s: seconds per tick.
        exact: times are kept to the tick whatever it is; else how long the last one is shown is kept, to the
            thousandth of a second.
    """

    def __init__(self, stills: Iterable[Still], tick_s: Fraction, *, exact: bool) -> None:
        self._pieces = _written(stills, tick_s, "nut" if exact else "matroska")
        self._rest = memoryview(b"")

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        data, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return data


class _Sink:
    """Keeps what a container writes until it is taken."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


def _written(stills: Iterable[Still], tick_s: Fraction, muxer: str) -> Iterator[bytes]:
    import av

    sink, stream, ticks = _Sink(), None, 0
    made: Any = av
    with made.open(sink, "w", format=muxer) as container:
        for still in stills:
            height, width, channels = still.pixels.shape
            kind = "rgba" if channels == 4 else "rgb24"
            if stream is None:
                stream = container.add_stream("rawvideo", rate=Fraction(1, still.ticks) / tick_s)
                stream.width, stream.height, stream.pix_fmt = width, height, kind
                stream.codec_context.time_base = stream.time_base = tick_s
            frame = made.VideoFrame.from_ndarray(still.pixels, format=kind)
            frame.pts, frame.time_base = ticks, tick_s
            for packet in stream.encode(frame):
                packet.duration = still.ticks
                container.mux(packet)
            ticks += still.ticks
            yield sink.taken()
    yield sink.taken()
