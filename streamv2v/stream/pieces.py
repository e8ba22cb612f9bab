"""Passes as programs: one for each course, or in pieces where structure networks answer in between.

A ControlNet looks at the very samples that the U-Net is about to look at. Inside one captured pass it would run on
every frame, and each set of networks that run would be another capture; between two pieces the host starts it or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ..device.graphs import Graphs, Program
from ..structure.ensemble import CONTROL
from .courses import Course

Between = Callable[[int, int, int], None]
"""Called with first and last of the slots, and the tokens of the text."""


def pieces_of(slots: int, *, sequential: bool) -> list[tuple[int, int]]:
    """(first, last) of the slots that one U-Net call moves on: all of them, or one after the other."""
    return [(slot, slot + 1) for slot in range(slots)] if sequential else [(0, slots)]


class Passes:
    """The pass of every course and every length of text, made when it is first asked for.

    Args:
        pieces: what `pieces_of` gives.
        begin: `begin(latent, first, last)` makes the samples of these slots; the first ones take the frame in.
        between: lets the structure networks look at them.
        end: `end(first, last)` moves them on by a step; the last ones answer what leaves.
        entering, leaving: latents at fixed addresses.
    """

    def __init__(
        self,
        graphs: Graphs,
        pieces: Sequence[tuple[int, int]],
        begin: Callable[[Tensor, int, int], None],
        between: Between,
        end: Callable[[int, int], Tensor | None],
        *,
        entering: Tensor,
        leaving: Tensor,
    ) -> None:
        self._graphs, self._pieces = graphs, pieces
        self._begin, self._between, self._end = begin, between, end
        self._entering, self._leaving = entering, leaving
        self._made: dict[tuple[Course, int], Callable[..., Tensor]] = {}

    def of(self, course: Course, tokens: int) -> Callable[..., Tensor]:
        """What runs it: called with the entering latent, or with nothing for the one that is there."""
        key = course, tokens
        if key not in self._made:
            name = f"pass ({course.words}; {tokens} tokens)"
            if CONTROL in course.steering:
                self._made[key] = self._in_pieces(name, tokens)
            else:
                self._made[key] = Program(self._graphs, name, self._whole, [self._entering], self._leaving)
        return self._made[key]

    def _whole(self, latent: Tensor) -> Tensor | None:
        clean = None
        for first, last in self._pieces:
            self._begin(latent, first, last)
            clean = self._end(first, last)
        return clean

    def _in_pieces(self, name: str, tokens: int) -> Callable[..., Tensor]:
        programs = [self._piece(name, first, last) for first, last in self._pieces]

        def run(*latents: Tensor) -> Tensor:
            for (begin, end), (first, last) in zip(programs, self._pieces, strict=True):
                begin(*latents)
                self._between(first, last, tokens)
                end()
                latents = ()
            return self._leaving

        return run

    def _piece(self, name: str, first: int, last: int) -> tuple[Program, Program]:
        begin, end = f"{name}: samples from slot {first}", f"{name}: step from slot {first}"
        return (
            Program(self._graphs, begin, lambda latent: self._begin(latent, first, last), [self._entering]),
            Program(self._graphs, end, lambda: self._end(first, last), (), self._leaving),
        )
