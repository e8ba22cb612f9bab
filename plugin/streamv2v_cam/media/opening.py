"""Opening a clip: its container and the stream of its pictures, or one line that says what it is instead."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import CamError
from .animated import animated_webp, is_animated_webp
from .names import for_ffmpeg, is_address, is_series
from .series import pictures_of, series

TEXT_FORMATS = {"tty", "bin", "xbin", "adf", "idf", "srt", "ass", "webvtt", "subviewer", "microdvd"}
"""FFmpeg draws any text file as a terminal would; nobody means that by "a video"."""
CLOCK_MAY_LEAP = 0x0200
"""AVFMT_TS_DISCONT: the container's clock may start again or leap."""
_HEAD_BYTES = 1 << 20


def open_clip(
    source: Any,
    *,
    what: str,
    refusal: type[CamError],
    options: dict[str, str] | None = None,
    timeout_s: float | tuple[float, float] | None = None,
    rate: Fraction | None = None,
    quiet: bool = False,
    format: str | None = None,
) -> tuple[Any, Any]:
    """Open a file, an address or an open file, and find the pictures that are its film.

    Args:
        source: path, folder or pattern of pictures, address, or an object with `read` (and maybe `seek`).
        what: how messages call it, for example "Video 'clip.mp4'"; begins each of them.
        refusal: what is raised.
        options: passed to FFmpeg's demuxer.
        timeout_s: for opening and for each read, or one for each of the two; None waits.
        rate: of numbered pictures, a second; None for the usual one.
        quiet: say nothing of what is left out, as of a clip that was read before.
        format: FFmpeg's name of the container; None finds out.

    Returns:
        The container and its video stream.

    Raises:
        refusal: it cannot be opened, or holds no moving picture that can be decoded.
    """
    import av
    import av.error

    given = _given(source, what, refusal, rate, quiet) if isinstance(source, (str, Path)) else source
    more: dict[str, Any] = {"timeout": timeout_s} if timeout_s is not None else {}
    try:
        container: Any = av.open(given, format=format, options=options or {}, metadata_errors="replace", **more)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise refusal(f"{what} cannot be opened: {reason_of(error)}.") from None
    try:
        return container, _film(container, source, what, refusal)
    except BaseException:
        container.close()
        raise


def _given(source: str | Path, what: str, refusal: type[CamError], rate: Fraction | None, quiet: bool) -> Any:
    """What FFmpeg is given for a name: the name itself, or a file of raw pictures where it could not read them."""
    path = Path(source)
    if is_address(str(source)):
        return for_ffmpeg(source)
    if path.is_dir() or is_series(str(source)):
        pictures = pictures_of(path)
        if not pictures:
            raise refusal(_no_pictures(path, what))
        return series(pictures, path, rate, quiet=quiet)
    return animated_webp(path, f"clip {path.name!r}", quiet=quiet) if is_animated_webp(path) else for_ffmpeg(source)


def _no_pictures(path: Path, what: str) -> str:
    if path.is_dir():
        return f"{what} is a folder without pictures. Name a video file, or a folder of PNG or JPEG pictures."
    return f"{what} stands for numbered pictures, and there is none of that name. Check the path."


def _film(container: Any, source: Any, what: str, refusal: type[CamError]) -> Any:
    if container.format.name in TEXT_FORMATS or not container.streams.video:
        kind = container.format.long_name or container.format.name
        raise refusal(f"{what} holds no video (it looks like: {kind}). Choose a video file such as .mp4 or .mkv.")
    moving = [stream for stream in container.streams.video if not is_cover(stream)]
    if not moving:
        raise refusal(f"{what} is a sound file with a cover picture. Choose a video file such as .mp4 or .mkv.")
    known = [stream for stream in moving if stream.codec_context is not None]
    if not known:
        name = _coded_as(source)
        kind = f"coded as {name}, which" if name else "of a kind that"
        raise refusal(f"{what} cannot be decoded: its pictures are {kind} this program cannot read. Convert it first.")
    chosen = next((stream for stream in known if "default" in _marks(stream)), known[0])
    if chosen.codec_context.width and chosen.codec_context.height:
        return chosen
    return next((stream for stream in known if stream.codec_context.width), chosen)


def is_cover(stream: Any) -> bool:
    """Whether a video stream is a picture about the film: a cover, thumbnails."""
    return bool(_marks(stream) & {"attached_pic", "timed_thumbnails"})


def is_tile(stream: Any) -> bool:
    """Whether a video stream is a part of a larger still."""
    return "dependent" in _marks(stream)


def _marks(stream: Any) -> set[str]:
    return {flag.name or "" for flag in stream.disposition}


def may_leap(container: Any) -> bool:
    """Whether the container's clock may leap forward."""
    return bool(container.format.flags & CLOCK_MAY_LEAP)


def reason_of(error: BaseException) -> str:
    """FFmpeg's or the system's own words for what went wrong, without its numbers."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if "Invalid data" in text:
        return "it is not a video, or it is damaged"
    if "Immediate exit" in text:
        return "nothing came in time"
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def _coded_as(source: Any) -> str:
    """The name under which a container of the MP4 kind says its pictures are coded; "" where it is not found."""
    if not isinstance(source, (str, Path)) or is_address(str(source)):
        return ""
    for block in _ends_of(Path(source)):
        at = block.find(b"stsd")
        name = block[at + 16 : at + 20] if at >= 0 else b""
        if len(name) == 4 and name.isascii() and name.decode("ascii").isprintable():
            return name.decode("ascii").strip()
    return ""


def _ends_of(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield file.read(_HEAD_BYTES)
            file.seek(max(0, path.stat().st_size - _HEAD_BYTES))
            yield file.read()
    except OSError:
        return
