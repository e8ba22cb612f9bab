"""Which part of the source each frame given to an engine showed, found again by the frame's number."""

from __future__ import annotations

import threading
from bisect import bisect_right

from ..frame import Frame, View

MOST_CHANGES = 256
"""While a hand drags the zoom every frame shows another part; more frames than that are never on their way."""


class Views:
    """Remembers where the view changed, not each frame's. `note` and `of` may be called from different threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._from: list[int] = []
        self._views: list[View | None] = []

    def note(self, frame: Frame) -> None:
        """A captured frame goes to the engine; numbers only rise."""
        with self._lock:
            if self._views and self._views[-1] == frame.view:
                return
            self._from.append(frame.index)
            self._views.append(frame.view)
            if len(self._from) > MOST_CHANGES:
                del self._from[0], self._views[0]

    def of(self, index: int) -> View | None:
        """What the frame of that number showed; None where it is not known (any more)."""
        with self._lock:
            place = bisect_right(self._from, index)
            return self._views[place - 1] if place else None
