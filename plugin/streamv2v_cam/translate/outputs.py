"""OUT: a clip, a GIF with colours of its own, or numbered pictures; which it is, and what it can hold of time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from .formats import check_target, kind_of
from .numbered import NumberedWriter, check_numbered, is_numbered
from .palette import GifWriter
from .writer import ClipWriter, PictureFormat

Writer = ClipWriter | GifWriter | NumberedWriter


def check_output(source: str, target: str, *, overwrite: bool) -> None:
    """Refuse an OUT before any work is done.

    Raises:
        MediaError: what stands in the way and what to do.
    """
    check = check_numbered if is_numbered(target) else check_target
    check(source, target, overwrite=overwrite)


def open_output(
    target: str,
    picture: PictureFormat,
    sound: Sequence[Any],
    *,
    surroundings: tuple[Any, Sequence[Any]] | None,
    replace: bool,
) -> Writer:
    """The writer for that name; see `ClipWriter` for what it is given.

    Raises:
        MediaError: a place that cannot be written to.
    """
    made = NumberedWriter if is_numbered(target) else GifWriter if kind_of(target).muxer == "gif" else ClipWriter
    return made(target, picture, sound, surroundings=surroundings, replace=replace)


def constant_rate(target: str, rate: Fraction) -> Fraction | None:
    """The constant rate that OUT needs for a clip of that average rate; None where every frame keeps its own time."""
    if is_numbered(target):
        return rate
    kind = kind_of(target)
    if kind.fastest and rate > kind.fastest:
        return Fraction(kind.fastest)
    # a container without times shows every picture for as long as any other
    return rate if kind.constant else None
