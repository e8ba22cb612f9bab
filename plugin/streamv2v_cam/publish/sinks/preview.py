"""The latest picture as JPEG for a page: made only while somebody watches, and never faster than asked."""

from __future__ import annotations

import math
import threading
import time

from ...frame import Pixels
from ...system.opencv import cv2

WATCHED_S = 1.0
"""Who watches asks at least twice a second."""


class PreviewSink:
    """Keeps the newest picture; encodes it in the watcher's thread, once for all watchers.

    Args:
        max_fps: most pictures encoded per second.
        max_width: wider pictures are made smaller, in pixels.
        quality: JPEG quality, 1..100.
    """

    def __init__(self, *, max_fps: float = 10.0, max_width: int = 640, quality: int = 80) -> None:
        self.name = "preview page"
        self._period_s = 1.0 / max_fps
        self._max_width, self._quality = max_width, quality
        self._news = threading.Condition()
        self._encoding = threading.Lock()
        self._pixels: Pixels | None = None
        self._sequence = 0
        self._closed = False
        self._encoded: tuple[int, bytes] | None = None
        self._encoded_at_s = 0.0
        self._asked_s = -math.inf

    @property
    def watched(self) -> bool:
        """Whether a page, or another program, follows the picture."""
        return time.monotonic() < self._asked_s + WATCHED_S

    def send(self, pixels: Pixels) -> None:
        with self._news:
            if pixels is not self._pixels:
                self._pixels = pixels
                self._sequence += 1
                self._news.notify_all()

    def latest_jpeg(self) -> tuple[int, bytes] | None:
        """Sequence number and JPEG of the newest picture; None before the first."""
        with self._encoding:
            with self._news:
                pixels, sequence = self._pixels, self._sequence
            if pixels is None:
                return None
            too_soon = time.monotonic() < self._encoded_at_s + self._period_s
            if self._encoded is None or (self._encoded[0] != sequence and not too_soon):
                self._encoded = (sequence, self._encode(pixels, self._max_width))
                self._encoded_at_s = time.monotonic()
            return self._encoded

    def small_jpeg(self, width: int) -> bytes | None:
        """The newest picture as a JPEG at most `width` pixels wide; None before the first."""
        with self._news:
            pixels = self._pixels
        return None if pixels is None else self._encode(pixels, min(width, self._max_width))

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        """The newest picture once it is newer than `last_sequence`; None when none came in time.

        Args:
            last_sequence: the number that came with the watcher's last picture; -1 takes whatever there is.
            timeout_s: longest wait; for pictures and for the pace together.
        """
        self._asked_s = time.monotonic()
        deadline_s = self._asked_s + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            with self._news:
                if self._sequence <= max(last_sequence, 0) and not self._closed:
                    self._news.wait(left_s)
                if self._closed:
                    return None
            picture = self.latest_jpeg()
            if picture is not None and picture[0] > last_sequence:
                return picture
            time.sleep(min(left_s, max(0.002, self._encoded_at_s + self._period_s - time.monotonic())))
        return None

    def close(self) -> None:
        """Wake all watchers; they get None."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _encode(self, pixels: Pixels, max_width: int) -> bytes:
        height, width = pixels.shape[:2]
        if width > max_width:
            size = (max_width, max(1, round(height * max_width / width)))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        picture = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1].tobytes()
