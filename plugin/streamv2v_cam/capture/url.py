"""A stream from the network (RTSP, HTTP, SRT, UDP) as a source; it is reopened by the capture thread when it breaks."""

from __future__ import annotations

import re

from ..errors import SourceError
from ..frame import Pixels
from .decoding import has_end, open_video, reason_of, to_pixels
from .video import VideoFileSource

ADDRESS = re.compile(r"^(rtsps?|https?|rtmps?|srt|udp|tcp)://", re.IGNORECASE)
OPEN_TIMEOUT_S = 10.0


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
        if address.lower().startswith("rtsp"):
            options["rtsp_transport"] = "tcp"
        self._container, self._stream = open_video(
            address, what=f"Address {without_secrets(address)}", options=options, timeout_s=OPEN_TIMEOUT_S
        )
        self.is_live = not has_end(self._container)
        self._frames = self._container.decode(self._stream)

    def read(self) -> Pixels:
        """The next picture, RGB uint8 `[H, W, 3]`.

        Raises:
            SourceError: the stream broke, ended or fell silent.
        """
        try:
            return to_pixels(next(self._frames), self._stream)
        except StopIteration:
            raise SourceError(f"The {self.name} ended.") from None
        except (self._broken, OSError) as error:
            raise SourceError(f"The {self.name} broke: {reason_of(error)}.") from None

    def close(self) -> None:
        self._container.close()


def without_secrets(address: str) -> str:
    """The address for people: without user, password and query."""
    return re.sub(r"//[^/@]*@", "//", address).split("?", 1)[0]
