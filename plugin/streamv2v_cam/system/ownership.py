"""Files at home that belong to somebody else, as after a run with sudo: what to do about one."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def remedy(error: OSError, path: Path | None = None) -> str:
    """A sentence for the end of a message, beginning with a blank; "" where the owner is not the reason.

    Args:
        error: what the system said.
        path: what could not be used; None takes it from the error.
    """
    if sys.platform == "win32" or not isinstance(error, PermissionError):
        return ""
    place = Path(path or error.filename or "")
    for found in (place, *place.absolute().parents):
        try:
            owner = found.stat().st_uid
        except OSError:
            continue
        if owner == os.geteuid():
            return ""
        return (
            f" {found} belongs to another user, as after a run with sudo; give it back with: "
            f'sudo chown -R "$USER" "{found}"'
        )
    return ""
