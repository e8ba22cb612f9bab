"""The page in the person's browser, where there is somebody to see it."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser


def open_page(asked: str, address: str) -> None:
    """Open `address` as control.open_browser says: "auto", "always" or "never"."""
    if asked == "always" or (asked == "auto" and has_display()):
        # a browser may take seconds to answer, and the picture must not wait for it
        threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()


def has_display() -> bool:
    """Whether a browser window would be seen by the person at this machine."""
    if "SSH_CONNECTION" in os.environ:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
