"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path


def home_path(text: str | Path) -> Path:
    """A path with "~" as the person's home; "~" of nobody is a name like any other."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
