"""Numbered pictures as the result: one file each, under their names only when the last one is written."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from ..frame import Pixels
from ..media.names import is_series, numbered
from ..media.series import pictures_of
from .writer import PictureFormat, words_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Coding:
    codec: str
    pixels: str
    options: dict[str, str]


_CODINGS = {
    ".png": _Coding("png", "rgb24", {}),
    ".jpg": _Coding("mjpeg", "yuvj444p", {"qmin": "2", "qmax": "2"}),
    ".jpeg": _Coding("mjpeg", "yuvj444p", {"qmin": "2", "qmax": "2"}),
    ".webp": _Coding("libwebp", "bgra", {"lossless": "1"}),
    ".tif": _Coding("tiff", "rgb24", {}),
    ".tiff": _Coding("tiff", "rgb24", {}),
    ".bmp": _Coding("bmp", "bgr24", {}),
}
SERIES_ENDINGS = tuple(_CODINGS)
FIRST = 1
_MANY = 10**7


def is_numbered(target: str) -> bool:
    """Whether OUT is a pattern such as "frame_%04d.png"."""
    return is_series(target) and Path(target).suffix.lower() in _CODINGS


def check_numbered(source: str, target: str, *, overwrite: bool) -> None:
    """Refuse a pattern before any work is done.

    Raises:
        MediaError: what stands in the way and what to do.
    """
    path = Path(target)
    if not path.parent.is_dir():
        raise MediaError(f"The folder {str(path.parent)!r} does not exist. Make it first.")
    there = pictures_of(path)
    if not there:
        return
    given = Path(source)
    read = pictures_of(given) if given.is_dir() or is_series(source) else [given]
    if {os.path.realpath(file) for file in read} & {os.path.realpath(file) for file in there}:
        raise MediaError(f"IN and OUT are the same pictures, {target!r}. Choose another name for OUT.")
    if not overwrite:
        raise MediaError(
            f"There are pictures {target!r} already, {there[0].name!r} among them. "
            "Choose another name, or add --overwrite."
        )


class NumberedWriter:
    """A context manager like `ClipWriter`: leaving it whole names the pictures, leaving it by an error removes them.

    Args:
        target: pattern whose ending names the kind of picture.
        picture: their size.
        sound: of the clip; left out, which is said.
        surroundings: left out.
        replace: take the place of pictures of that name.

    Raises:
        MediaError: a place that cannot be written to.
    """

    def __init__(
        self,
        target: str,
        picture: PictureFormat,
        sound: Sequence[Any] = (),
        *,
        surroundings: tuple[Any, Sequence[Any]] | None = None,
        replace: bool = False,
    ) -> None:
        import av
        import av.error

        self._av: Any = av
        self._errors: Any = (av.error.FFmpegError, OSError, ValueError)
        self._target, self._picture, self._replace, self._count = Path(os.path.realpath(target)), picture, replace, 0
        self._coding = _CODINGS[self._target.suffix.lower()]
        try:
            # asked of the longest name itself: a name too long would only show at the end
            with contextlib.suppress(FileNotFoundError):
                os.lstat(self._target.with_name(numbered(self._target.name, _MANY)))
            self._folder = Path(tempfile.mkdtemp(dir=self._target.parent, prefix=".streamv2v-", suffix=".part"))
        except OSError as error:
            raise MediaError(f"The pictures {target!r} cannot be written: {words_of(error)}.") from None
        if sound:
            log.warning("The sound was left out: pictures hold none.")

    def __enter__(self) -> NumberedWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._name_them()
        except OSError as error:
            raise MediaError(f"The pictures {self._target.name!r} cannot be written: {words_of(error)}.") from None
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def sound_kept(self) -> str:
        """ "": pictures hold none."""
        return ""

    def write(self, pixels: Pixels, *, pts: int, duration: int) -> None:
        """Write one picture, RGB uint8 `[height, width, 3]`; its time is its number alone."""
        number = FIRST + self._count
        try:
            (self._folder / str(number)).write_bytes(self._coded(pixels))
        except self._errors as error:
            raise MediaError(
                f"The pictures {self._target.name!r} were lost after {self._count}: {words_of(error)}."
            ) from None
        self._count += 1

    def other(self, packet: Any) -> None:
        """Sound and subtitles are left out."""

    def _coded(self, pixels: Pixels) -> bytes:
        context = self._av.CodecContext.create(self._coding.codec, "w")
        context.width, context.height, context.pix_fmt = self._picture.width, self._picture.height, self._coding.pixels
        context.time_base, context.options = 1 / self._picture.rate, dict(self._coding.options)
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = frame.reformat(format=self._coding.pixels, dst_color_range="JPEG")
        frame.pts = 0
        return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))

    def _name_them(self) -> None:
        names = [numbered(self._target.name, number) for number in range(FIRST, FIRST + self._count)]
        folder = self._target.parent
        if not self._replace and any((folder / name).exists() for name in names):
            folder = _free_folder(folder / f"{self._target.stem} (2)")
            log.warning("Pictures %r were written by somebody else meanwhile and are untouched: these are in %r.",
                        self._target.name, str(folder))  # fmt: skip
        for number, name in enumerate(names, FIRST):
            os.replace(self._folder / str(number), folder / name)
        beyond = [path.name for path in pictures_of(self._target) if path.name not in names]
        if beyond and folder == self._target.parent:
            log.warning("%d older pictures of other numbers are untouched, %r among them.", len(beyond), beyond[0])


def _free_folder(wanted: Path) -> Path:
    """A new folder of that name, or of one like it that is free."""
    for number in range(1, 1000):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name} {number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{wanted} and a thousand names like it are taken")
