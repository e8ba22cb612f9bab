"""Waiting for something another thread does: as long as it takes, within reason."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], *, within_s: float = 20.0, every_s: float = 0.01) -> bool:
    """Whether `condition` came true, asked `every_s`; a slow machine only makes the answer later."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(every_s)
    return bool(condition())
