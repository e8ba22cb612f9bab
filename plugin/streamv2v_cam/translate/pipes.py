"""Standard input and output as a container's file: seekable where they are files, and never a raw error."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from ..errors import MediaError
from ..media.animated import animated_webp, begins_animated_webp
from ..media.opening import open_clip

_INDEX_AT_END = (
    "is an MP4 whose index is at its end, which a pipe cannot go back from: give the file itself, or write it with "
    "-movflags +faststart."
)


_PNG = b"\x89PNG"


class _Unseekable:
    """A pipe that is read from; it remembers how it began."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.head = b""

    def read(self, size: int) -> bytes:
        """The next bytes; b"" at the end."""
        data = self._file.read(size)
        if len(self.head) < 16:
            self.head += data[:16]
        return data


def open_input(what: str) -> tuple[Any, Any, str]:
    """Container, film and a word on standard input; a file that was redirected into it can be sought in.

    The word says why an input of this kind gives no picture, if it gives none; "" where nothing is known of it.

    Raises:
        MediaError: it holds no video, or one that a pipe cannot give.
    """
    if sys.stdin is None:
        raise MediaError(f"{what} is closed. Name a file, or leave it open.")
    file = os.fdopen(os.dup(0), "rb")
    head = file.peek(32)
    if begins_animated_webp(head) or head.startswith(_PNG):
        # their readers go back and forth, and such a file is small
        whole: Any = io.BytesIO(file.read())
        whole = animated_webp(whole, what.removeprefix("The ")) if begins_animated_webp(head) else whole
        return *open_clip(whole, what=what, refusal=MediaError), ""
    try:
        seekable = os.fstat(0).st_size > 0 and file.seekable()
    except OSError:
        seekable = False
    source: Any = file if seekable else _Unseekable(file)
    try:
        container, film = open_clip(source, what=what, refusal=MediaError)
    except MediaError:
        if _needs_going_back(source):
            raise MediaError(f"{what} {_INDEX_AT_END}") from None
        raise
    return container, film, f"{what} {_INDEX_AT_END}" if _needs_going_back(source) else ""


def _needs_going_back(source: Any) -> bool:
    return isinstance(source, _Unseekable) and source.head[4:8] == b"ftyp"


class OutPipe:
    """A pipe that is written to, as the file of a container; its errors are kept and raised as what they are.

    Args:
        number: its file descriptor, which becomes this object's own.

    Attributes:
        error: why it can no longer be written to.
    """

    def __init__(self, number: int) -> None:
        self._file = os.fdopen(number, "wb")
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write all of it, unless an earlier piece could not be written."""
        if self.error is None:
            try:
                self._file.write(data)
                self._file.flush()
            except OSError as error:
                self.error = error
        return len(data)

    def check(self) -> None:
        """Raise the error that was met, if any."""
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        try:
            self._file.close()
        except (OSError, io.UnsupportedOperation) as error:
            self.error = self.error or error
