"""The engine's size while it runs: three sizes of the published shape, changed in the background."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from streamv2v.config import StreamConfig
from streamv2v.errors import ControlError

from ..control import SizeChoice
from ..sizes import CELL, engine_size

AREAS = {"small": 0.5, "usual": 1.0, "large": 2.0}
"""Name of a size -> its area, as a share of that of the start."""


class Rebuilt(Protocol):
    """What runs the engine."""

    config: StreamConfig

    def rebuild(self, config: StreamConfig) -> None:
        """Build a new engine in the background; it takes over with its first frame."""
        ...


class EngineSizes:
    """The sizes on offer, and going over to one.

    Args:
        engine: what runs the engine; the old one stays on air until the new one's first picture.
        start: what the engine was built from at the start; its size is the usual one.
    """

    def __init__(self, engine: Rebuilt, start: StreamConfig) -> None:
        self._engine = engine
        self.offered = ladder(start.width, start.height)

    def choices(self) -> list[SizeChoice]:
        """All, with the one that runs marked; a size that memory forced is none of them."""
        running = self._engine.config
        return [
            SizeChoice(name, width, height, (width, height) == (running.width, running.height))
            for name, (width, height) in self.offered.items()
        ]

    def choose(self, name: str) -> SizeChoice:
        """Have an engine of that size built; returns at once.

        Raises:
            ControlError: there is no such size.
        """
        if name not in self.offered:
            raise ControlError("size", name, f"one of {', '.join(self.offered)}")
        width, height = self.offered[name]
        self._engine.rebuild(replace(self._engine.config, width=width, height=height))
        running = self._engine.config
        return SizeChoice(name, width, height, (width, height) == (running.width, running.height))


def ladder(width: int, height: int) -> dict[str, tuple[int, int]]:
    """Name -> width and height, px, of half, the same and twice the area in that shape."""
    return {name: engine_size(width / height, *_scaled(width, height, area)) for name, area in AREAS.items()}


def _scaled(width: int, height: int, area: float) -> tuple[int, int]:
    return round(width * area**0.5 / CELL) * CELL, round(height * area**0.5 / CELL) * CELL
