"""What answers at an address: a live stream, a file that is fetched, bare pictures, or one picture a call."""

from __future__ import annotations

import errno

from ..errors import SourceError
from ..interfaces import Source
from .snapshot import SnapshotSource
from .url import UrlSource
from .video import VideoFileSource

INVALID_DATA = 1094995529
"""FFmpeg's number for bytes that it cannot make sense of."""


def open_address(address: str, *, loop: bool = False) -> Source:
    """A live stream, or a file that is fetched: the second is paced by its own clock.

    Many a cheap camera sends JPEG pictures without the headers that should stand between them, or says nothing of what
    it sends: where FFmpeg gives up on an http address, the pictures are looked for by their own marks. Others answer
    with the picture of the moment, and are asked again and again.

    Raises:
        SourceError: nothing answers there, or what answers is no video.
    """
    web = address.lower().startswith(("http:", "https:"))
    try:
        source = UrlSource(address)
        if not (web and source.is_single_pictures):
            if source.is_live:
                return source.proven() if web else source
            source.close()
            return VideoFileSource(address, loop=loop)
        source.close()
        refusal = None
    except SourceError as error:
        if not web or not _answered(error):
            raise
        refusal = error
    try:
        source = UrlSource(address, bare_jpeg=True).proven()
    except SourceError as error:
        if refusal is not None:
            raise refusal from error
        return SnapshotSource(address)  # a PNG, for one
    if source.goes_on():
        return source
    source.close()
    return SnapshotSource(address)


def _answered(refusal: SourceError) -> bool:
    """Whether a server was there, and what it sent was not understood: for anything else there is no other way."""
    cause = refusal.__cause__ or refusal.__context__
    return getattr(cause, "errno", None) in (errno.EIO, INVALID_DATA)
