"""What the installer says: numbered steps with the time they took, and a line that moves while one works."""

from __future__ import annotations

import sys
import time
from typing import TextIO

QUIET_INTERVAL_S = 15.0
"""Without a terminal, news from inside a step is printed at most this often."""
LINE_WIDTH = 100


class Console:
    """Progress on stderr, so that stdout belongs to the program that is run afterwards.

    Args:
        stream: where to write; stderr unless given.
        verbose: also show what pip says.
    """

    def __init__(self, stream: TextIO | None = None, *, verbose: bool = False) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.verbose = verbose
        self._terminal = self.stream.isatty()
        self._title = ""
        self._started_s = 0.0
        self._said_s = 0.0
        self._moving = False

    def say(self, text: str) -> None:
        """One line of its own."""
        self._clear()
        print(text, file=self.stream, flush=True)

    def begin(self, number: int, total: int, title: str) -> None:
        """Start a step."""
        self._title = f"[{number}/{total}] {title}"
        self._started_s = self._said_s = time.monotonic()
        if self._terminal:
            self.tick("")
        else:
            self.say(self._title)

    def tick(self, news: str) -> None:
        """Show that the step is alive; `news` is what it does at the moment."""
        now_s = time.monotonic()
        line = f"{self._title}  {_clock(now_s - self._started_s)}  {news}"
        if self._terminal:
            self.stream.write("\r\x1b[K" + line[:LINE_WIDTH])
            self.stream.flush()
            self._moving = True
        elif now_s - self._said_s >= QUIET_INTERVAL_S:
            self._said_s = now_s
            self.say(f"      {_clock(now_s - self._started_s)}  {news}")

    def end(self, result: str = "") -> None:
        """Close the step with what came of it."""
        words = " ".join(part for part in (_clock(time.monotonic() - self._started_s), result) if part)
        self.say((f"{self._title}  {words}") if self._terminal else f"      done in {words}")

    def _clear(self) -> None:
        if self._moving:
            self.stream.write("\r\x1b[K")
            self._moving = False


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
