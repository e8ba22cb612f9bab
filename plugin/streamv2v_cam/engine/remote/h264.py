"""H.264 with low latency through PyAV: each picture is one packet, written and read at once, and none refers forward.

TLS loses nothing, and what the sender skips it has not written: a keyframe is needed at the start, after a change of
quality and where the other side asks for one, so that there is none at a fixed distance.
"""

from __future__ import annotations

import contextlib
import functools
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from ...frame import Pixels
from ...system.opencv import cv2
from .codec import PictureError
from .flight import BEST, WORST

FINEST, COARSEST, STEP = 23, 35, 3
"""Constant rate factor for the best and the worst quality of a flight, and the smallest change that is made."""
SOONER, LATER = 15, 120
"""Pictures between two changes at least: to a coarser picture, and to a finer one, since each costs a keyframe."""
MOST_BITS, LEAST_BITS, SMALL_BITS = 1.0, 0.35, 48_000
"""Bits per pixel that one picture takes at most, at the finest and at the coarsest, and what a small one may always
take: a keyframe or a change of scene would need several round trips of a slow line else."""
RATE = 30
"""Pictures a second that the encoder reckons with; each has its bits whatever those before it took."""
NO_END = 1 << 24
ENCODERS: dict[str, dict[str, str]] = {
    # a picture of an engine's size costs one core about 2 ms, and the GPU is the engine's: so the processor goes first
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"},
    "h264_nvenc": {"preset": "p1", "tune": "ull", "rc": "vbr", "delay": "0", "zerolatency": "1", "forced-idr": "1"},
}
"""Encoders in the order in which they are tried, with what makes each quick."""
_RATE_OPTION = {"libx264": "crf", "h264_nvenc": "cq"}


@functools.cache
def encoder_name() -> str:
    """The encoder that works here, tried once with one picture; "" where none does."""
    for name in ENCODERS:
        with contextlib.suppress(av.FFmpegError, ValueError):
            context = _opened(name, 256, 144, FINEST)
            if _packet(context, np.zeros((144, 256, 3), np.uint8), 0, key=True):
                return name
    return ""


@functools.cache
def is_read() -> bool:
    """Whether pictures in H.264 can be read here."""
    return "h264" in av.codecs_available


class H264Writer:
    """Writes pictures of one size, one after the other.

    Args:
        width, height: px, even.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._context: Any = None
        self._factor = self._count = self._since = 0
        self._key = False

    def want_keyframe(self) -> None:
        """The next picture must be readable by itself; from any thread."""
        self._key = True

    def coded(self, pixels: Pixels, quality: int) -> bytes:
        """Bytes of the next picture.

        Args:
            pixels: RGB uint8 `[H, W, 3]`.
            quality: `WORST`..`BEST` of a flight; it is followed in steps.

        Raises:
            PictureError: the encoder gives nothing.
        """
        try:
            self._follow(factor_of(quality))
            key, self._key = self._key, False
            packet = _packet(self._context, pixels, self._count, key=key)
        except (av.FFmpegError, ValueError) as error:
            raise PictureError(f"the encoder of H.264 failed ({error})") from error
        self._count, self._since = self._count + 1, self._since + 1
        if not packet:
            raise PictureError("the encoder of H.264 gave no picture")
        return packet

    def _follow(self, wanted: int) -> None:
        apart = wanted - self._factor
        due = (apart >= STEP and self._since >= SOONER) or (apart <= -STEP and self._since >= LATER)
        if self._context is None or due:
            self._context = _opened(encoder_name(), *self._size, wanted)
            self._factor, self._since = wanted, 0


class H264Reader:
    """Reads pictures of one size, each as it comes.

    Args:
        width, height: px; a stream of another size is refused.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._context: Any = None

    def decoded(self, data: bytes | memoryview) -> Pixels:
        """The picture of one packet, RGB uint8 `[H, W, 3]`.

        Raises:
            PictureError: it holds none of that size, or refers to what never came; ask for a keyframe.
        """
        try:
            if self._context is None:
                self._context = self._fresh()
            frames = self._context.decode(av.Packet(bytes(data)))
        except (av.FFmpegError, ValueError, MemoryError) as error:
            self._context = None
            raise PictureError(f"no picture in H.264 ({error})") from None
        if len(frames) != 1 or (frames[0].width, frames[0].height) != self._size:
            self._context = None
            raise PictureError("no single picture in H.264 of the agreed size")
        planes = frames[0].to_ndarray(format="yuv420p")
        return cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420)

    def _fresh(self) -> Any:
        context: Any = av.CodecContext.create("h264", "r")
        context.thread_count = 1  # more would hold pictures back
        width, height = self._size
        # a few bytes may claim a picture that fills the memory; coded sizes are multiples of 16
        context.options = {"max_pixels": str((width + 16) * (height + 16)), "err_detect": "explode"}
        return context


def factor_of(quality: int) -> int:
    """The constant rate factor for a quality of a flight."""
    share = (BEST - min(max(quality, WORST), BEST)) / (BEST - WORST)
    return round(FINEST + share * (COARSEST - FINEST))


def _opened(name: str, width: int, height: int, factor: int) -> Any:
    context: Any = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate, context.time_base = Fraction(RATE), Fraction(1, RATE)
    context.gop_size, context.max_b_frames, context.thread_count = NO_END, 0, 1
    share = (COARSEST - factor) / (COARSEST - FINEST)
    most = max(SMALL_BITS, round(width * height * (LEAST_BITS + share * (MOST_BITS - LEAST_BITS))))
    limits = {"bufsize": str(most), "maxrate": str(RATE * most)}
    context.options = {**ENCODERS[name], **limits, _RATE_OPTION[name]: str(factor)}
    context.open()
    return context


def _packet(context: Any, pixels: Pixels, count: int, *, key: bool) -> bytes:
    frame = av.VideoFrame.from_ndarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420), "yuv420p")
    frame.pts = count
    frame.pict_type = PictureType.I if key else PictureType.NONE
    return b"".join(bytes(packet) for packet in context.encode(frame))
