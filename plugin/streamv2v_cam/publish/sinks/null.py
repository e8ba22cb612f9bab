"""A sink that counts and swallows."""

from __future__ import annotations

from ...frame import Pixels


class NullSink:
    """Takes every picture and shows none; for measurements and machines without any output."""

    watched = False

    def __init__(self) -> None:
        self.name = "nothing (frames are counted)"
        self.frames = 0

    def send(self, pixels: Pixels) -> None:
        self.frames += 1

    def close(self) -> None:
        """Nothing is held open."""
