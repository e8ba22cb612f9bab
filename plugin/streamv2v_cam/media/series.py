"""Numbered pictures, or those of a folder, as a clip: in the order of their numbers, each once."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..frame import Pixels
from .fitting import fitted
from .names import for_ffmpeg, number_in
from .row import Row, Still
from .viewing import Viewer

log = logging.getLogger(__name__)

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".avif")
USUAL_RATE = Fraction(25)


def pictures_of(source: Path) -> list[Path]:
    """The files that a folder or a pattern such as "frame_%04d.png" stands for, in order; [] where there is none.

    Numbers within names count as numbers, so that 10 comes after 9.
    """
    if source.is_dir():
        found = [path for path in source.iterdir() if path.suffix.lower() in ENDINGS and not path.name.startswith(".")]
        return sorted(found, key=lambda path: _natural(path.name))
    pattern = number_in(source.name)
    if pattern is None or not source.parent.is_dir():
        return []
    numbered = {int(match[1]): path for path in source.parent.iterdir() if (match := pattern.fullmatch(path.name))}
    return [numbered[number] for number in sorted(numbered)]


def series(pictures: list[Path], source: Path, rate: Fraction | None, *, quiet: bool = False) -> Row:
    """The clip; what of it is missing or cannot be read is said.

    Args:
        pictures: at least one.
        source: the folder or pattern they are of.
        rate: pictures a second; None for 25.
        quiet: say nothing, as of one that was read before.
    """
    if not quiet:
        _say_gaps(pictures, source)
    tick_s = 1 / (rate or USUAL_RATE)
    return Row((Still(pixels, 1) for pixels in _read(pictures, str(source), quiet)), tick_s, exact=True)


def _say_gaps(pictures: list[Path], source: Path) -> None:
    pattern = number_in(source.name)
    if pattern is None or source.is_dir():
        return
    numbers = [int(match[1]) for path in pictures if (match := pattern.fullmatch(path.name))]
    if missing := numbers[-1] - numbers[0] + 1 - len(numbers):
        log.warning(
            "Of the pictures %r %d %s missing between %d and %d; the others follow each other.",
            *(str(source), missing, "is" if missing == 1 else "are", numbers[0], numbers[-1]),
        )


def _natural(name: str) -> tuple[Any, ...]:
    pieces = re.split(r"(\d+)", name.casefold())
    return tuple((int(piece), piece) if number % 2 else piece for number, piece in enumerate(pieces))


def _read(pictures: list[Path], name: str, quiet: bool) -> Iterator[Pixels]:
    """Each picture as a person sees it, RGB uint8, all of the size of the first."""
    import av
    import av.error

    viewer, size, unreadable, alike = Viewer(), None, 0, True
    for path in pictures:
        try:
            with av.open(for_ffmpeg(os.fspath(path))) as container:
                pixels = viewer.pixels(next(container.decode(video=0)))
        except (av.error.FFmpegError, OSError, ValueError, IndexError, StopIteration):
            unreadable += 1
            continue
        size = size or pixels.shape
        if pixels.shape != size:
            alike = False
            pixels = fitted(pixels, 1.0, size[1], size[0])
        yield pixels
    if not size or quiet:
        return
    if unreadable:
        log.warning("%d of %d pictures %r could not be read and are left out.", unreadable, len(pictures), name)
    if viewer.transparent:
        log.warning("The pictures %r let through in places: they were laid over black.", name)
    if not alike:
        log.warning("The pictures %r differ in size; all are shown at that of the first, with bars.", name)
