"""Words for a person whose terminal may be gone: nobody to read them is no reason to end a show."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Any

try:
    import termios
except ImportError:  # Windows
    termios = None


class Stderr:
    """`sys.stderr` as it is at each call; what cannot be written is lost without a word."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


def let_go_of_dead_terminal() -> None:
    """Where the terminal has been closed, let what is still said to it go nowhere."""
    for number in (0, 1, 2):
        if _hung_up(number):
            with contextlib.suppress(OSError):
                nowhere = os.open(os.devnull, os.O_RDWR)
                os.dup2(nowhere, number)
                os.close(nowhere)


def _hung_up(number: int) -> bool:
    if termios is None:
        return False
    try:
        termios.tcgetattr(number)
    except termios.error as error:
        # a file or a pipe is no terminal (ENOTTY); one that was closed answers to nothing
        return error.args[0] == errno.EIO
    return False
