"""A stream from the network (RTSP, HTTP, SRT, UDP) as a source; it is reopened by the capture thread when it breaks."""

from __future__ import annotations

from typing import Any

from ..errors import SourceError
from ..frame import Pixels
from ..media.names import without_secrets
from ..media.opening import open_clip, reason_of
from .decoding import SquareViewer, has_end
from .video import VideoFileSource

OPEN_TIMEOUT_S = 10.0
RTSP = {"rtsp_transport": "tcp+udp+udp_multicast", "rtsp_flags": "prefer_tcp"}
"""TCP first, since no packet of it is lost; a camera that refuses it (461) is asked over UDP."""


def open_address(address: str, *, loop: bool = False) -> UrlSource | VideoFileSource:
    """A live stream, or a file that is fetched: the second is paced by its own clock.

    Raises:
        SourceError: nothing answers there, or what answers is no video.
    """
    source = UrlSource(address)
    if not source.is_live:
        source.close()
        return VideoFileSource(address, loop=loop)
    return source


class UrlSource:
    """A live stream: each picture as it arrives.

    Raises:
        SourceError: nothing answers there, or what answers is no video.
    """

    def __init__(self, address: str) -> None:
        import av.error

        self.name = f"stream {without_secrets(address)}"
        self._broken = av.error.FFmpegError
        options = {"fflags": "nobuffer", "flags": "low_delay"}
        if address.lower().startswith("rtsp:"):
            options |= RTSP
        stream: Any
        self._container, stream = open_clip(
            address,
            what=f"Address {without_secrets(address)}",
            refusal=SourceError,
            options=options,
            timeout_s=OPEN_TIMEOUT_S,
        )
        stream.thread_type = "SLICE"
        self._viewer = SquareViewer(stream)
        self.is_live = not has_end(self._container)
        self._frames = self._container.decode(stream)

    def read(self) -> Pixels:
        """The next picture, RGB uint8 `[H, W, 3]`.

        Raises:
            SourceError: the stream broke, ended or fell silent.
        """
        try:
            return self._viewer.pixels(next(self._frames))
        except StopIteration:
            raise SourceError(f"The {self.name} ended.") from None
        except (self._broken, OSError) as error:
            raise SourceError(f"The {self.name} broke: {reason_of(error)}.") from None

    def close(self) -> None:
        self._container.close()
