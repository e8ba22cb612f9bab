"""Pictures that move: which of them do, and animated WebP as a clip, for which FFmpeg has no decoder and Pillow has."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .row import Row, Still

log = logging.getLogger(__name__)

TICK_S = Fraction(1, 1000)
USUAL_MS = 100
"""Shown so long where the file says "as fast as you can", as browsers do."""
_FASTEST_MS = 10
_ANIMATED = 0x02
_HEAD_BYTES = 4096


def is_animated(path: Path) -> bool:
    """Whether a picture's file holds several that follow each other: WebP, PNG or AVIF."""
    head = _head(path)
    if head.startswith(b"\x89PNG"):
        return b"acTL" in head.partition(b"IDAT")[0]
    return begins_animated_webp(head) or head[4:12] == b"ftypavis"


def is_animated_webp(path: Path) -> bool:
    """Whether a file is a WebP of several pictures; what cannot be read is none."""
    return begins_animated_webp(_head(path))


def begins_animated_webp(head: bytes) -> bool:
    """Whether a file that begins so, with at least 21 bytes, is a WebP of several pictures."""
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) > 20 and bool(head[20] & _ANIMATED)


def _head(path: Path) -> bytes:
    if not path.is_file():  # what is read of a named pipe is gone from it
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""


def animated_webp(source: Path | BinaryIO, name: str, *, quiet: bool = False) -> Row:
    """The clip; one that is cut short ends with its last whole picture, which is said.

    Args:
        source: a path, or an open file that can be sought in.
        name: for people.
        quiet: say nothing.
    """
    return Row(_stills(source, name, quiet), TICK_S, exact=False)


def _stills(source: Path | BinaryIO, name: str, quiet: bool) -> Iterator[Still]:
    from PIL import Image

    count = 0
    try:
        with Image.open(source) as image:
            kind = "RGBA"
            total = getattr(image, "n_frames", 1)
            for number in range(total):
                image.seek(number)
                image.load()
                lasts = round(float(image.info.get("duration") or 0))
                pixels = np.asarray(image.convert(kind))
                yield Still(pixels, lasts if lasts >= _FASTEST_MS else USUAL_MS)
                count += 1
    except Exception as error:  # a broken file makes Pillow and its decoders raise errors of many kinds
        # what nothing could be read of, the reader of the row refuses
        if count and not quiet:
            reason = " ".join(str(error).split())[:120]
            log.warning("The %s breaks off after %d pictures: %s.", name, count, reason)
