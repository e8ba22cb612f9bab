"""Whether there is a screen in front of a person."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """Whether a browser window would be seen by the person at this machine."""
    if "SSH_CONNECTION" in os.environ:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
