"""GIF: 256 colours chosen for the whole clip, so pictures are kept until the last one is known, then written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from ..frame import Pixels
from .formats import is_device
from .reader import PIPE
from .writer import ClipWriter, PictureFormat, words_of

_SPREAD = "dither=sierra2_4a:diff_mode=rectangle"
"""Errors of colour are spread over neighbours, within what moved alone, so that what stands still stays so."""
_LOSSLESS = {"preset": "ultrafast", "qp": "0"}


class GifWriter:
    """A context manager like `ClipWriter`, with the same arguments and errors.

    The pictures wait without a loss in a file without a name, beside the target, which is gone whatever happens.
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
        import av.error

        self._errors: Any = (av.error.FFmpegError, OSError, ValueError)
        self._picture, self._count = picture, 0
        self._name = f"clip {target!r}"
        folder = None if target == PIPE or is_device(target) else Path(os.path.realpath(target)).parent
        self._clip = ClipWriter(target, picture, sound, surroundings=surroundings, replace=replace)
        try:
            self._kept = _Kept(picture, folder)
            self._palette = _Palette(picture)
        except self._errors as error:
            self._clip.discard()
            raise MediaError(f"The {self._name} cannot be written: {words_of(error)}.") from None

    def __enter__(self) -> GifWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self._count:
                self._write_all()
        except BaseException:
            self._clip.discard()
            raise
        finally:
            self._kept.close()
        self._clip.__exit__(kind)

    @property
    def sound_kept(self) -> str:
        """ "": a GIF holds none."""
        return ""

    def write(self, pixels: Pixels, *, pts: int, duration: int) -> None:
        """Take one picture; see `ClipWriter.write`."""
        try:
            self._kept.add(pixels, pts, duration)
            self._palette.see(pixels)
        except self._errors as error:
            raise MediaError(f"The {self._name} was lost after {self._count} frames: {words_of(error)}.") from None
        self._count += 1

    def other(self, packet: Any) -> None:
        """Sound and subtitles are left out."""

    def _write_all(self) -> None:
        colours = self._palette.colours()
        for frame, pts, duration in _in_colours(self._kept.pictures(), colours, self._picture):
            self._clip.write_frame(frame, pts=pts, duration=duration)


class _Kept:
    """All pictures and their times, without a loss, in a file without a name."""

    def __init__(self, picture: PictureFormat, folder: Path | None) -> None:
        import av

        self._av: Any = av
        self._file: Any = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._times: list[tuple[int, int]] = []
        self._container = self._av.open(self._file, "w", format="nut")
        self._stream = self._container.add_stream("libx264rgb", rate=25, options=dict(_LOSSLESS))
        self._stream.width, self._stream.height, self._stream.pix_fmt = picture.width, picture.height, "rgb24"

    def add(self, pixels: Pixels, pts: int, duration: int) -> None:
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = len(self._times), Fraction(1, 25)
        self._times.append((pts, duration))
        self._container.mux(self._stream.encode(frame))

    def pictures(self) -> Iterator[tuple[Any, int, int]]:
        """Each frame with its time and duration, once all were added."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._file.seek(0)
        with self._av.open(self._file) as container:
            for frame, times in zip(container.decode(video=0), self._times, strict=True):
                yield frame.reformat(format="rgb24"), *times

    def close(self) -> None:
        self._file.close()


class _Palette:
    """The colours of all pictures, counted one by one."""

    def __init__(self, picture: PictureFormat) -> None:
        import av
        import av.filter

        self._av: Any = av
        graph: Any = av.filter.Graph()
        self._graph, self._source, self._sink = graph, _source(graph, picture), graph.add("buffersink")
        counter = graph.add("palettegen", "stats_mode=full")
        self._source.link_to(counter)
        counter.link_to(self._sink)
        graph.configure()
        self._count = 0

    def see(self, pixels: Pixels) -> None:
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = self._count, Fraction(1, 25)
        self._count += 1
        self._source.push(frame)

    def colours(self) -> Any:
        """A picture of 16 x 16: the palette."""
        self._source.push(None)
        return self._sink.pull()


def _in_colours(
    frames: Iterator[tuple[Any, int, int]], colours: Any, picture: PictureFormat
) -> Iterator[tuple[Any, int, int]]:
    """Each frame in the palette's colours, with its times."""
    import av.filter

    graph: Any = av.filter.Graph()
    source, sink = _source(graph, picture), graph.add("buffersink")
    palette = _source(graph, picture, size=(16, 16), kind=colours.format.name)
    use = graph.add("paletteuse", _SPREAD)
    source.link_to(use, 0, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    colours.pts, colours.time_base = 0, Fraction(1, 25)
    palette.push(colours)
    palette.push(None)
    for count, (frame, pts, duration) in enumerate(frames):
        frame.pts, frame.time_base = count, Fraction(1, 25)
        source.push(frame)
        yield sink.pull(), pts, duration


def _source(graph: Any, picture: PictureFormat, size: tuple[int, int] = (0, 0), kind: str = "rgb24") -> Any:
    width, height = size if any(size) else (picture.width, picture.height)
    return graph.add("buffer", f"video_size={width}x{height}:pix_fmt={kind}:time_base=1/25:pixel_aspect=1/1")
