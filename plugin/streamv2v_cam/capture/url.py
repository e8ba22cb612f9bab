"""A stream from the network (RTSP, HTTP, SRT, UDP) as a source; it is reopened by the capture thread when it breaks."""

from __future__ import annotations

import errno
from typing import Any

from ..errors import SourceError
from ..frame import Pixels
from ..media.names import without_secrets
from ..media.opening import open_clip, reason_of
from .decoding import SquareViewer, has_end
from .video import VideoFileSource

OPEN_TIMEOUT_S = 10.0
SILENCE_S = 5.0
"""A live stream from which nothing came for so long is asked for anew, as a camera at the USB is."""
INVALID_DATA = 1094995529
"""FFmpeg's number for bytes that it cannot make sense of."""
RTSP = {"rtsp_transport": "tcp+udp+udp_multicast", "rtsp_flags": "prefer_tcp"}
"""TCP first, since no packet of it is lost; a camera that refuses it (461) is asked over UDP."""


BARE_JPEG = {"probesize": "32", "analyzeduration": "0"}
"""JPEG after JPEG, found by their own marks, whatever stands between them; FFmpeg would look at five seconds first."""


def open_address(address: str, *, loop: bool = False) -> UrlSource | VideoFileSource:
    """A live stream, or a file that is fetched: the second is paced by its own clock.

    Many a cheap camera sends JPEG pictures without the headers that should stand between them, or says nothing of what
    it sends: where FFmpeg gives up on an http address, the pictures are looked for by their own marks.

    Raises:
        SourceError: nothing answers there, or what answers is no video.
    """
    web = address.lower().startswith(("http:", "https:"))
    try:
        source = UrlSource(address)
        if not source.is_live:
            source.close()
            return VideoFileSource(address, loop=loop)
        if not web:
            return source
        if not source.is_single_pictures:
            return source.proven()
        source.close()
        refusal = None
    except SourceError as error:
        if not web or not _answered(error):
            raise
        refusal = error
    try:
        return UrlSource(address, bare_jpeg=True).proven()
    except SourceError as error:
        raise refusal or error from None


class UrlSource:
    """A live stream: each picture as it arrives.

    Args:
        address: where from.
        bare_jpeg: take it for JPEG pictures with anything or nothing between them.

    Raises:
        SourceError: nothing answers there, or what answers is no video.
    """

    def __init__(self, address: str, *, bare_jpeg: bool = False) -> None:
        import av.error

        self.name = f"stream {without_secrets(address)}"
        self._broken = av.error.FFmpegError
        options = {"fflags": "nobuffer", "flags": "low_delay"}
        if address.lower().startswith("rtsp:"):
            options |= RTSP
        if bare_jpeg:
            options |= BARE_JPEG
        stream: Any
        self._container, stream = open_clip(
            address,
            what=f"Address {without_secrets(address)}",
            refusal=SourceError,
            options=options,
            timeout_s=(OPEN_TIMEOUT_S, SILENCE_S),
            format="mjpeg" if bare_jpeg else None,
        )
        stream.thread_type = "SLICE"
        self._viewer = SquareViewer(stream)
        self.is_live = not has_end(self._container)
        self.is_single_pictures = self._container.format.name in ("jpeg_pipe", "image2pipe")
        self._frames = self._container.decode(stream)
        self._first: Pixels | None = None

    def proven(self) -> UrlSource:
        """The source, once it has given its first picture, which is kept for the first `read`.

        Raises:
            SourceError: it gave none; it is closed then.
        """
        try:
            self._first = self.read()
        except SourceError:
            self.close()
            raise
        return self

    def read(self) -> Pixels:
        """The next picture, RGB uint8 `[H, W, 3]`.

        Raises:
            SourceError: the stream broke, ended or fell silent.
        """
        if self._first is not None:
            picture, self._first = self._first, None
            return picture
        try:
            return self._viewer.pixels(next(self._frames))
        except StopIteration:
            raise SourceError(f"The {self.name} ended.") from None
        except (self._broken, OSError) as error:
            raise SourceError(f"The {self.name} broke: {reason_of(error)}.") from error

    def close(self) -> None:
        self._container.close()


def _answered(refusal: SourceError) -> bool:
    """Whether a server was there, and what it sent was not understood: for anything else there is no other way."""
    cause = refusal.__cause__ or refusal.__context__
    return getattr(cause, "errno", None) in (errno.EIO, INVALID_DATA)
