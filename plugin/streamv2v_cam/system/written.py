"""The video nodes that this process writes to: none of them may be its source, whatever it is called."""

from __future__ import annotations

import os

_nodes: set[str] = set()


def begin_writing(device: str) -> None:
    """From here on `device` is an output of this process."""
    _nodes.add(os.path.realpath(device))


def end_writing(device: str) -> None:
    """It is none any more; safe to call twice."""
    _nodes.discard(os.path.realpath(device))


def is_written(device: str) -> bool:
    """Whether this process writes to `device`, under whichever of its names."""
    return bool(device) and os.path.realpath(device) in _nodes
