"""What a pass depends on beside numbers in tensors: switches of the host, a program for each set of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, product
from typing import NamedTuple, Protocol

from ..device.live_tensors import LiveTensors
from ..memory.bank import FeatureBank
from ..memory.layer_bank import Action


class Course(NamedTuple):
    """One set of switches.

    Attributes:
        filling: the bank takes the frame in before attention reads it.
        weighted: bank tokens count other than in the paper.
        watching: movement has to be known.
        steering: what else the U-Net is told: the sorts of structure network that are on, a reference.
    """

    filling: bool
    weighted: bool
    watching: bool
    steering: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is called: "reading", or the switches that are on."""
        on = [name for name in ("filling", "weighted", "watching") if getattr(self, name)]
        return ", ".join([*on, *self.steering]) or "reading"


class Steers(Protocol):
    """What steers the U-Net, as far as a course depends on it."""

    @property
    def switches(self) -> tuple[str, ...]:
        """What is on now; a switch of the host."""
        ...

    @switches.setter
    def switches(self, switches: tuple[str, ...]) -> None: ...

    def all_switches(self) -> list[tuple[str, ...]]:
        """Every value that `switches` can take, nothing first."""
        ...


class Courses:
    """The course of the coming pass, and every other that there can be.

    Args:
        steering: what tells the U-Net more than the text.
    """

    def __init__(self, live: LiveTensors, bank: FeatureBank | None, steering: Sequence[Steers]) -> None:
        self._live, self._bank, self._steering = live, bank, steering

    @property
    def present(self) -> Course:
        """What the switches say now."""
        filling = self._bank is not None and self._bank.filling
        return self._course(filling, *self._live.switches, [one.switches for one in self._steering])

    def every(self) -> list[Course]:
        """Every course that a pass can take, filling ones first; while filling nothing of the bank is weighed."""
        fillings = (True, False) if self._bank else (False,)
        steerings = product(*(one.all_switches() for one in self._steering))
        found = product(fillings, self._live.all_switches(), list(steerings))
        return list(dict.fromkeys(self._course(filling, *switches, words) for filling, switches, words in found))

    @contextmanager
    def under(self, course: Course) -> Iterator[None]:
        """The host's switches as in `course`."""
        before, self._live.switches = self._live.switches, (course.weighted, course.watching)
        for layer in self._bank.layers if self._bank else []:
            layer.action = Action.FILL if course.filling else Action.READ
        steered = [one.switches for one in self._steering]
        for one in self._steering:
            one.switches = max((s for s in one.all_switches() if set(s) <= set(course.steering)), key=len)
        try:
            yield
        finally:
            self._live.switches = before
            for one, switches in zip(self._steering, steered, strict=True):
                one.switches = switches

    def _course(self, filling: bool, weighted: bool, watching: bool, steering: Iterable[tuple[str, ...]]) -> Course:
        weighted = weighted and self._bank is not None and not filling
        return Course(filling, weighted, watching, tuple(chain.from_iterable(steering)))
