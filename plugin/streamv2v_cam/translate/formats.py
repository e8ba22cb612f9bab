"""The kinds of file that a translation can be written as, and whether a place can be written to."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import MediaError
from .reader import PIPE

_H264 = {"preset": "veryfast", "crf": "18", "bf": "0"}
"""Without B-frames a picture leaves in the order it came and its duration can be said exactly."""
_VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "24", "b": "0", "row-mt": "1", "lag-in-frames": "0"}


@dataclass(frozen=True)
class Kind:
    """A container and how its streams are coded.

    Attributes:
        muxer: FFmpeg's name of the container.
        codec, pixels, options: of the picture.
        sound: codec for sound that the container does not take as it is; "" where it holds no sound.
        copies: codecs of sound that are taken as they are; None leaves the answer to the muxer.
        constant: the container has no times of its own: every picture lasts as long as any other.
        fastest: pictures a second that players show; 0 where they show any rate.
        chapters: whether it keeps chapters.
        container: options of the container.
    """

    muxer: str
    codec: str = "libx264"
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: dict(_H264))
    sound: str = "aac"
    copies: frozenset[str] | None = None
    constant: bool = False
    fastest: int = 0
    chapters: bool = False
    container: dict[str, str] = field(default_factory=dict)


KINDS = {
    ".mp4": Kind("mp4", chapters=True),
    ".m4v": Kind("mp4", chapters=True),
    ".mov": Kind("mov", chapters=True),
    ".mkv": Kind("matroska", chapters=True),
    # FFmpeg does not list what a transport stream takes, and writes anything else as bytes that nobody can read
    ".ts": Kind("mpegts", copies=frozenset({"aac", "ac3", "eac3", "mp2", "mp3", "opus"})),
    ".avi": Kind(
        "avi",
        sound="libmp3lame",
        copies=frozenset({"mp3", "mp2", "ac3", "pcm_s16le"}),
        constant=True,
        container={"avoid_negative_ts": "disabled"},
    ),
    ".nut": Kind("nut", chapters=True),
    ".webm": Kind("webm", codec="libvpx-vp9", options=_VP9, sound="libopus", chapters=True),
    ".gif": Kind("gif", codec="gif", pixels="pal8", options={}, sound="", fastest=50),
    ".apng": Kind("apng", codec="apng", pixels="rgb24", options={}, sound="", container={"plays": "0"}),
    ".webp": Kind(
        "webp", codec="libwebp_anim", pixels="bgra", options={"quality": "90"}, sound="", container={"loop": "0"}
    ),
}
PIPE_KIND = KINDS[".mkv"]
_FRAGMENTS = {"mp4", "mov"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def kind_of(target: str) -> Kind:
    """How `target` is written."""
    return PIPE_KIND if target == PIPE else KINDS[Path(target).suffix.lower()]


def needs_fragments(kind: Kind) -> bool:
    """Whether the container has an index that a pipe cannot go back to write."""
    return kind.muxer in _FRAGMENTS


def is_device(target: str) -> bool:
    """Whether `target` is there and is written into as it is: a named pipe, a device."""
    try:
        mode = os.stat(target).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def check_target(source: str, target: str, *, overwrite: bool) -> None:
    """Refuse a target before any work is done.

    Raises:
        MediaError: what stands in the way and what to do.
    """
    if target == PIPE:
        if sys.stdout is None:
            raise MediaError("The standard output is closed. Name a file, or leave it open.")
        return
    path = Path(target)
    if path.suffix.lower() not in KINDS:
        raise MediaError(
            f"The clip {target!r} ends in none of {', '.join(KINDS)}. Choose one of these, or numbered pictures such "
            f"as {path.stem + '_%04d.png'!r}."
        )
    try:
        if path.is_dir():
            raise MediaError(
                f"The clip {target!r} is a folder. Name a file in it, or pictures such as "
                f"{str(path / 'frame_%04d.png')!r}."
            )
        if not path.parent.is_dir():
            raise MediaError(f"The folder {str(path.parent)!r} does not exist. Make it first.")
        there = path.exists()
        if not there and path.is_symlink():
            _check_link(path)
        if there and source != PIPE and Path(source).exists() and path.samefile(source):
            raise MediaError(f"IN and OUT are the same file, {target!r}. Choose another name for OUT.")
    except OSError as error:
        raise MediaError(f"The clip {target!r} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    if there and not overwrite and not is_device(target):
        raise MediaError(f"The clip {target!r} exists already. Choose another name, or add --overwrite.")


def _check_link(path: Path) -> None:
    # one to nothing makes what it names; one that leads back to itself names nothing
    with contextlib.suppress(FileNotFoundError):
        path.stat()
