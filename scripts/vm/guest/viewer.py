"""A program that shows our camera all the time, and remembers what it showed when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import cv2
import marker
import numpy as np

NEW_PICTURES = 3
"""So many different pictures with the sign, one after the other, are a live picture."""


class Viewer:
    """Reads a camera with OpenCV in a thread, and looks for the sign in each picture.

    Args:
        device: the node.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._seen: list[tuple[float, int | None]] = []
        """When a picture came, and the number in its sign, None without one."""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(15)

    def slate(self, after_s: float, limit_s: float) -> float | None:
        """When the first picture without the sign came after a moment; None where none did in time."""
        return self._wait(lambda: next((at for at, number in self._later(after_s) if number is None), None), limit_s)

    def live(self, after_s: float, limit_s: float) -> float | None:
        """When the picture was live after a moment: the sign counts on; None where it did not in time."""
        return self._wait(lambda: self._first_live(after_s), limit_s)

    def stood_still(self, after_s: float) -> float:
        """The longest time since a moment in which no new picture with the sign came, s."""
        changes = [after_s]
        for (_, before), (at, number) in pairwise(self._later(after_s)):
            if number is not None and number != before:
                changes.append(at)
        return max(later - earlier for earlier, later in pairwise([*changes, time.monotonic()]))

    def rate(self, after_s: float) -> float:
        """Pictures a second since a moment."""
        return len(self._later(after_s)) / max(time.monotonic() - after_s, 0.001)

    def _first_live(self, after_s: float) -> float | None:
        new = 0
        for (_, before), (at, number) in pairwise(self._later(after_s)):
            new = 0 if number is None else new + (before is not None and number != before)
            if new == NEW_PICTURES:
                return at
        return None

    def _later(self, after_s: float) -> list[tuple[float, int | None]]:
        return [sight for sight in self._seen if sight[0] > after_s]

    def _wait(self, look: Callable[[], float | None], limit_s: float) -> float | None:
        end_s = time.monotonic() + limit_s
        while (found := look()) is None and time.monotonic() < end_s:
            time.sleep(0.1)
        return found

    def _run(self) -> None:
        while not self._ending.is_set():
            camera = cv2.VideoCapture(self._device, cv2.CAP_V4L2)
            while not self._ending.is_set():
                taken, pixels = camera.read()
                if not taken:
                    break
                number = marker.read(np.asarray(pixels, np.uint8)[:, :, ::-1])
                self._seen.append((time.monotonic(), number))
            camera.release()
            self._ending.wait(0.2)
