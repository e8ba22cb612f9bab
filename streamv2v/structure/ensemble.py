"""All structure networks of a stream together: whose turn it is, how much each counts, what the U-Net is told.

The host starts answers and sums as programs of their own between those of the pass, so a network whose weight is 0 does
not run, and where all are at 0 the U-Net is called as if there were none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from ..device.graphs import Graphs, Program
from ..device.host_transfer import overwrite
from ..frames import Pixels
from ..models.structure_networks import StructureNetwork
from .guides import AdapterGuide, ControlGuide, Given, Guide, Rows, room_for

CONTROL, ADAPTER = "control", "adapter"


class Structure:
    """The structure networks of a stream.

    Args:
        networks: in the order of their weights.
        slots: n; a stream batch has so many frames in flight.
        sequential: all slots hold the same frame.
        rows: of a U-Net call over all slots.
        as_rows: see `Rows`.
        size: (width, height) of the engine, px.
        graphs: where programs are captured.

    Attributes:
        switches: the sorts of network that are on now, of "control" and "adapter"; a switch of the host.
    """

    def __init__(
        self,
        networks: Sequence[StructureNetwork],
        *,
        slots: int,
        sequential: bool,
        rows: int,
        as_rows: Rows,
        size: tuple[int, int],
        graphs: Graphs,
        device: torch.device,
    ) -> None:
        self._slots, self._rows, self._as_rows, self._graphs = slots, rows, as_rows, graphs
        place: tuple[Any, ...] = (1 if sequential else slots, size, graphs, device)
        self.guides: list[Guide] = [
            AdapterGuide(one, *place) if one.is_adapter else ControlGuide(one, *place, rows=rows, as_rows=as_rows)
            for one in networks
        ]
        self._weights = torch.zeros(max(1, len(networks)), device=device)
        self._written: list[float] = []
        self._sums: dict[str, list[Tensor]] = {CONTROL: [], ADAPTER: []}
        self._programs: dict[tuple[Any, ...], Program] = {}
        self._interval = 1
        self.switches: tuple[str, ...] = ()

    def all_switches(self) -> list[tuple[str, ...]]:
        """Every value that `switches` can take, nothing first."""
        sorts = [sort for sort in (CONTROL, ADAPTER) if self._of(sort)]
        return [chosen for count in range(len(sorts) + 1) for chosen in combinations(sorts, count)]

    @property
    def state(self) -> list[Tensor]:
        """All tensors that a frame changes and the next one reads."""
        held = [tensor for guide in self.guides for tensor in guide.state]
        return held + [tensor for sums in self._sums.values() for tensor in sums]

    def write(self, weights: Sequence[float], interval: int) -> None:
        """Take over the live values: the weight of each network, 0 or more, and the frames from answer to answer."""
        if interval != self._interval:
            self._interval = interval
            self.refresh()
        values = list(weights)[: len(self.guides)]
        if not self.guides or values == self._written:
            return
        self._written = values
        overwrite(self._weights, torch.tensor(values))
        for guide, weight in zip(self.guides, values, strict=True):
            guide.switch(weight > 0)
        self.switches = tuple(sort for sort in (CONTROL, ADAPTER) if self._on(sort))

    def restart(self) -> None:
        """A stream begins: the next picture stands for all frames in flight."""
        for guide in self.guides:
            guide.restart()

    def refresh(self) -> None:
        """Another scene begins: no answer of the old one is used for it."""
        for guide in self.guides:
            guide.refresh()

    def see(self, frame: Pixels) -> None:
        """Show a new frame, uint8 `[H, W, 3]`, to the networks that are on; the host's work alone."""
        for number, guide in enumerate(self.guides):
            if guide.on:
                guide.see(frame, self._interval, self._offset(number))

    def begin_frame(self) -> None:
        """Before a pass: pictures move on, adapters answer, and it is decided which ControlNets will."""
        for number, guide in enumerate(self.guides):
            if guide.on:
                guide.begin_frame(self._interval, self._offset(number))
                if isinstance(guide, AdapterGuide):
                    guide.answer()
        if self._on(ADAPTER):
            self._sum(ADAPTER)

    def answer(self, given: Callable[[], Given], first: int, tokens: int) -> None:
        """Within a pass: the ControlNets whose turn it is answer for the slots from `first` on.

        Args:
            given: gives the arguments of the U-Net's call for these slots.
            tokens: of the text.
        """
        for guide in self.guides:
            if isinstance(guide, ControlGuide) and guide.on and guide.due:
                guide.answer(given, first, tokens)
        if first == 0 or any(guide.due for guide in self._on(CONTROL)):
            self._sum(CONTROL)

    def told(self, rows: slice) -> dict[str, Any]:
        """What the U-Net's call for these rows takes; nothing where all networks are off."""
        found: dict[str, Any] = {}
        if CONTROL in self.switches:
            *down, mid = (one[rows] for one in self._sums[CONTROL])
            found = {"down_block_additional_residuals": tuple(down), "mid_block_additional_residual": mid}
        if ADAPTER in self.switches:
            # the U-Net takes them out of the list one after the other
            found["down_intrablock_additional_residuals"] = [one[rows] for one in self._sums[ADAPTER]]
        return found

    def run_every_program(
        self, given: Callable[[int, int], Given], pieces: Sequence[tuple[int, int]], tokens: int
    ) -> None:
        """Run all there are once, so that none is captured later."""
        for guide in self.guides:
            guide.run_every_program()
            if isinstance(guide, ControlGuide):
                for first, last in pieces:
                    guide.answer(lambda first=first, last=last: given(first, last), first, tokens)
        for sort in (CONTROL, ADAPTER):
            guides = self._of(sort)
            for count in range(1, len(guides) + 1):
                for chosen in combinations(guides, count):
                    self._sum_of(sort, chosen)

    def _offset(self, number: int) -> int:
        """Which frame of an interval is a network's own: they take turns, so that frame time is flat."""
        return number * self._interval // len(self.guides)

    def _of(self, sort: str) -> list[Guide]:
        return [guide for guide in self.guides if guide.network.is_adapter == (sort == ADAPTER)]

    def _on(self, sort: str) -> list[Guide]:
        return [guide for guide in self._of(sort) if guide.on]

    def _sum(self, sort: str) -> None:
        self._sum_of(sort, tuple(self._on(sort)))

    def _sum_of(self, sort: str, guides: Sequence[Guide]) -> None:
        places = tuple(self.guides.index(guide) for guide in guides)
        if (sort, places) not in self._programs:
            name = f"structure: sum of {', '.join(guide.network.kind for guide in guides)}"
            self._programs[sort, places] = Program(self._graphs, name, lambda: self._add_up(sort, places))
        self._programs[sort, places]()

    def _add_up(self, sort: str, places: Sequence[int]) -> None:
        for number in range(len(self.guides[places[0]].answers)):
            total: Tensor | None = None
            for place in places:
                answer = self.guides[place].answers[number]
                part = answer * self._weights[place].to(answer.dtype)
                total = part if total is None else total + part
            assert total is not None
            if sort == ADAPTER:
                total = self._as_rows(total.expand(self._slots, *total.shape[1:]), 0)
            if len(self._sums[sort]) == number:
                self._sums[sort].append(room_for(self._rows, total))
            self._sums[sort][number].copy_(total)
