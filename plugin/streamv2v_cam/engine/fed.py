"""The camera frames that an engine was given, until the pictures made of them have come back."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ..frame import Pixels

MOST_KEPT = 96
"""Frames at the engine's size: more than come while a slow engine with many slots works on one."""


class FedFrames:
    """Kept by the number of the captured frame; what the engine skipped is forgotten as soon as it says so.

    `note` and `taken` may be called from different threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[int, Pixels]] = OrderedDict()
        self._taken: set[int] = set()

    def note(self, sequence: int, index: int, pixels: Pixels) -> None:
        """A frame was written for the engine.

        Args:
            sequence: its number in the ring of frames in.
            index: number of the captured frame.
            pixels: as the engine sees it, RGB uint8 `[h, w, 3]`; not written to afterwards.
        """
        with self._lock:
            self._kept[sequence] = (index, pixels)
            while len(self._kept) > MOST_KEPT:
                self._taken.discard(self._kept.popitem(last=False)[0])

    def taken(self, sequence: int) -> None:
        """The engine took this one in, and none of the untaken ones before it."""
        with self._lock:
            self._taken.add(sequence)
            for skipped in [kept for kept in self._kept if kept < sequence and kept not in self._taken]:
                del self._kept[skipped]

    def shown(self, index: int) -> Pixels | None:
        """The frame of that number, once its picture is there: older ones are no longer needed. None if unknown."""
        with self._lock:
            found = next((pixels for number, pixels in self._kept.values() if number == index), None)
            if found is not None:
                for old in [sequence for sequence, (number, _) in self._kept.items() if number < index]:
                    del self._kept[old]
                    self._taken.discard(old)
            return found
