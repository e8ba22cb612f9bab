"""Weights among the controls that change at once, or glide along with a look."""

from __future__ import annotations

from collections.abc import Sequence

from ..controls import Controls
from .glide import Glide


class WeightGlides:
    """One glide for each of these controls, which are numbers.

    Args:
        names: of the controls.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._glides = {name: Glide(0.0) for name in names}

    @property
    def progress(self) -> float:
        """0 while one of them has all of its way before it, 1 when all are where they should be."""
        return min(glide.progress for glide in self._glides.values())

    def jump(self, controls: Controls) -> None:
        """Be where `controls` says."""
        self._glides = {name: Glide(getattr(controls, name)) for name in self._glides}

    def go(self, controls: Controls, *, duration_s: float, now_s: float) -> None:
        """Head for what `controls` says; one that is on its way there goes on."""
        for name, glide in self._glides.items():
            if getattr(controls, name) != glide.target:
                glide.go(getattr(controls, name), duration_s=duration_s, now_s=now_s)

    def at(self, now_s: float) -> list[float]:
        """The weights at `now_s`, in the order of their names."""
        return [glide.at(now_s) for glide in self._glides.values()]
