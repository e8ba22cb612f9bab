"""Pictures out of a container with PyAV: checked opening, and frames turned and stretched to square pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SourceError
from ..frame import Pixels
from ..system.opencv import cv2

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

# FFmpeg draws any text file as a terminal would; nobody means that by "a video".
TEXT_FORMATS = {"tty", "bin", "xbin", "adf", "idf", "srt", "ass", "webvtt", "subviewer", "microdvd"}


def open_video(address: str, *, what: str, options: dict[str, str] | None = None, timeout_s: float | None = None):
    """Open a file or address and find its first video stream.

    Args:
        address: path or URL.
        what: how messages call it, for example "Video 'clip.mp4'".
        options: passed to FFmpeg's demuxer.
        timeout_s: for opening and for each read; None waits.

    Returns:
        The container and its video stream.

    Raises:
        SourceError: it cannot be opened, or holds no moving picture.
    """
    import av
    import av.error

    try:
        container = av.open(address, options=options or {}, timeout=timeout_s)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f"{what} cannot be opened: {reason_of(error)}.") from None
    if not container.streams.video or container.format.name in TEXT_FORMATS:
        kind = container.format.long_name or container.format.name
        container.close()
        raise SourceError(f"{what} holds no video (it looks like: {kind}). Choose a video file such as .mp4 or .mkv.")
    stream = container.streams.video[0]
    stream.thread_type = "SLICE"
    return container, stream


def reason_of(error: BaseException) -> str:
    """FFmpeg's or the system's own words for what went wrong, without its numbers."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if "Invalid data" in text:
        return "it is not a video or is damaged"
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def to_pixels(frame: VideoFrame, stream: VideoStream) -> Pixels:
    """A decoded frame as it is meant to be seen: RGB uint8 `[H, W, 3]`, upright, with square pixels."""
    pixels: Any = frame.to_ndarray(format="rgb24")
    aspect = stream.sample_aspect_ratio
    if aspect and aspect > 0 and aspect != 1:
        pixels = cv2.resize(pixels, (max(1, round(frame.width * float(aspect))), frame.height))
    quarter_turns = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels


def has_end(container: InputContainer) -> bool:
    """Whether the container knows how long it is: a file, not a live stream."""
    return bool(container.duration and container.duration > 0)
