"""Pictures of one direction as binary messages, written in whatever way the line carries and read back."""

from __future__ import annotations

import logging
from collections.abc import Collection

from .choosing import CodecChoice
from .codec import CODECS, STILL, PictureError, coded, decoded
from .flight import Flight
from .h264 import H264Reader, H264Writer, encoder_name, is_read
from .wire import Picture, WireError, picture_head, read_head

log = logging.getLogger(__name__)


def readable_codecs() -> tuple[str, ...]:
    """What this side reads beside JPEG and raw."""
    return ("h264",) if is_read() else ()


def writable_codecs() -> tuple[str, ...]:
    """What this side writes beside JPEG and raw."""
    return ("h264",) if encoder_name() else ()


class PictureWriter:
    """Writes the pictures of one direction, each in the way that the line carries.

    Args:
        width, height: px.
        asked: one of `choosing.CHOICES`.
        readable: what the other side reads beside JPEG and raw; `allow` says it later.
        flight: of that direction.
    """

    def __init__(self, width: int, height: int, asked: str, readable: Collection[str], flight: Flight) -> None:
        self._flight = flight
        even = width % 2 == 0 and height % 2 == 0
        # looked at where it may be wanted alone: the first look tries the encoder
        writable = writable_codecs() if even and asked in ("auto", "h264") else ()
        self._choice = CodecChoice(asked, readable, writable, flight)
        self._h264 = H264Writer(width, height)

    @property
    def codec(self) -> str:
        """Of the next picture."""
        return self._choice.now

    def allow(self, readable: Collection[str]) -> None:
        """The other side has said what it reads."""
        self._choice.allow(readable)

    def want_keyframe(self) -> None:
        """The other side has lost the thread; from any thread."""
        self._h264.want_keyframe()

    def message(self, picture: Picture) -> bytes:
        """The binary message of a picture."""
        codec = self._choice.follow()
        if codec == "h264":
            try:
                return picture_head(picture, codec) + self._h264.coded(picture.pixels, self._flight.quality)
            except PictureError as error:
                log.warning("pictures go as JPEG: %s", error)
                self._choice.give_up()
                codec = self._choice.now
        return picture_head(picture, codec) + coded(picture.pixels, codec, self._flight.quality)


class PictureReader:
    """Reads the pictures of one direction.

    Args:
        width, height: px, as agreed on.

    Attributes:
        codec: of the newest picture; "" before the first.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._h264 = H264Reader(width, height)
        self.codec = ""

    def read(self, data: bytes) -> Picture:
        """The picture of a binary message; its pixels are None where a keyframe is needed first.

        Raises:
            WireError: it is none, or not of that size.
        """
        codec, picture, body = read_head(data, *self._size)
        self.codec = CODECS[codec]
        if self.codec not in STILL:
            try:
                return picture.with_pixels(self._h264.decoded(body))
            except PictureError as error:
                log.debug("a keyframe is needed: %s", error)
                return picture
        try:
            return picture.with_pixels(decoded(body, self.codec, *self._size))
        except PictureError as error:
            raise WireError(str(error)) from None
