"""Text files that people edit: written whole or not at all, their comments kept."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

ENDS_BY_ITSELF = (os.devnull, "/dev/fd/", "/dev/stdin", "/proc/")
"""What a shell hands over as a file."""


def read_text(path: Path) -> str:
    """The text of a file; a byte order mark is read over.

    Raises:
        OSError: it cannot be read, or is a pipe that might be waited for or a device that might have no end.
        UnicodeDecodeError: it is no UTF-8.
    """
    if path.exists() and not (path.is_file() or path.is_dir() or str(path).startswith(ENDS_BY_ITSELF)):
        raise OSError(errno.EINVAL, "it is a pipe or a device, and no file", str(path))
    return path.read_text(encoding="utf-8-sig")


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all; a link is followed, so that it stays one.

    Raises:
        OSError: the folder or the file cannot be written; what stood there is untouched.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            os.chmod(name, target.stat().st_mode & 0o777)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
