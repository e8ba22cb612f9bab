"""A stream from the network (RTSP, HTTP, SRT, UDP) as a source; it is reopened by the capture thread when it breaks."""

from __future__ import annotations

from collections import deque
from typing import Any

from ..errors import SourceError
from ..frame import Pixels
from ..media.names import without_secrets
from ..media.opening import open_clip, reason_of
from .decoding import SquareViewer, has_end

OPEN_TIMEOUT_S = 10.0
SILENCE_S = 5.0
"""A live stream from which nothing came for so long is asked for anew, as a camera at the USB is."""
RTSP = {"rtsp_transport": "tcp+udp+udp_multicast", "rtsp_flags": "prefer_tcp"}
"""TCP first, since no packet of it is lost; a camera that refuses it (461) is asked over UDP."""
BARE_JPEG = {"probesize": "32", "analyzeduration": "0"}
"""JPEG after JPEG, found by their own marks, whatever stands between them; FFmpeg would look at five seconds first."""


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
        kind = self._container.format.name  # "jpeg_pipe", "png_pipe" and more
        self.is_single_pictures = kind.endswith("_pipe") or kind in ("image2", "image2pipe")
        self._frames = self._container.decode(stream)
        self._kept: deque[Pixels] = deque()

    def proven(self) -> UrlSource:
        """The source, once it has given its first picture, which is kept for the first `read`.

        Raises:
            SourceError: it gave none; it is closed then.
        """
        try:
            self._kept.append(self._next())
        except SourceError:
            self.close()
            raise
        return self

    def goes_on(self) -> bool:
        """Whether another picture comes, which is kept too, or may come: False only where the source has ended."""
        try:
            self._kept.append(self._next())
        except SourceError as error:
            return error.__cause__ is not None
        return True

    def read(self) -> Pixels:
        """The next picture, RGB uint8 `[H, W, 3]`.

        Raises:
            SourceError: the stream broke, ended or fell silent.
        """
        return self._kept.popleft() if self._kept else self._next()

    def _next(self) -> Pixels:
        try:
            return self._viewer.pixels(next(self._frames))
        except StopIteration:
            raise SourceError(f"The {self.name} ended.") from None
        except (self._broken, OSError) as error:
            raise SourceError(f"The {self.name} broke: {reason_of(error)}.") from error

    def close(self) -> None:
        self._container.close()
