"""One structure network at work in a stream: its picture, its answer, its turn.

Everything has a fixed address and is overwritten in place, so that another picture, weight or interval is other numbers
and no capture. What costs time is a program of its own, which the host starts on the frames whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..device.graphs import Graphs, Program
from ..device.host_transfer import Upload
from ..frames import Pixels
from ..models.structure_files import UNION
from ..models.structure_networks import UNION_PLACES, StructureNetwork
from .hints import hint

Rows = Callable[[Tensor, int], Tensor]
"""Values of slots first, first + 1, ... -> values of their rows: `rows(values, first)`."""


class Given(NamedTuple):
    """What a U-Net is called with for some rows, and a ControlNet beside it.

    Attributes:
        sample: noisy latents, `[B, C, h, w]`.
        timesteps: `[B]`.
        text: `[B, L, C]`.
        added: `added_cond_kwargs`, what the SDXL family wants beside them; empty elsewhere.
        rows: which of all rows they are.
        first, last: the slots are first..last - 1.
    """

    sample: Tensor
    timesteps: Tensor
    text: Tensor
    added: dict[str, Any]
    rows: slice
    first: int
    last: int


class Guide:
    """What holds of both sorts of network.

    Args:
        network: what answers.
        frames: frames in flight, each with its own picture.
        size: (width, height) of the engine, px.
        graphs: where its programs are captured.

    Attributes:
        on: whether it takes part.
        due: whether it answers on the present frame.
        pictures: what it is shown, `[F, C, H, W]`, 0..1, the newest frame first.
        answers: what it said last; empty before its first turn.
    """

    def __init__(
        self, network: StructureNetwork, frames: int, size: tuple[int, int], graphs: Graphs, device: torch.device
    ) -> None:
        self.network, self.on, self.due = network, False, False
        self.answers: list[Tensor] = []
        self._frames, self._size, self._graphs = frames, size, graphs
        self._fresh, self._begun, self._age, self._turn = frames, False, 0, 0
        self.pictures = torch.zeros(
            self._shown, network.channels, size[1], size[0], device=device, dtype=network.module.dtype
        )
        colours = 3 if network.kind == "picture" else 1
        levels = torch.zeros(size[1], size[0], colours, dtype=torch.uint8, device=device)
        self._levels, self._upload = levels, Upload(device)
        name = f"structure {network.source} ({network.kind}): picture"
        self._arrive = Program(graphs, name, self._take, [levels])
        self._fill = Program(graphs, f"{name} for all frames", self._take_for_all, [levels])

    @property
    def _shown(self) -> int:
        """Frames whose pictures are kept."""
        return self._frames

    @property
    def state(self) -> list[Tensor]:
        """All tensors that a frame changes and the next one reads."""
        return [self.pictures, *self.answers]

    def switch(self, on: bool) -> None:
        """Take part from now on, or no more. Who comes back has seen nothing of the frames in flight."""
        if on and not self.on:
            self.restart()
        self.on = on

    def restart(self) -> None:
        """The next picture stands for all frames in flight."""
        self._fresh, self._begun, self._age = self._frames, False, 0

    def refresh(self) -> None:
        """Another scene begins: answer every frame until it has reached the last slot."""
        self._fresh = self._frames

    def see(self, frame: Pixels, interval: int, offset: int) -> None:
        """Start the picture for a new frame, uint8 `[H, W, 3]`, on its way, where an answer will need it."""
        turns = range(self._age, self._age + self._shown)
        if self._fresh or any((turn - offset) % interval == 0 for turn in turns):
            self._levels = self._upload.send(hint(self.network.kind, frame, *self._size))

    def begin_frame(self, interval: int, offset: int) -> None:
        """Move the pictures on by a slot, and decide whether to answer.

        Args:
            interval: frames from answer to answer.
            offset: which of them is this network's, 0..interval - 1.
        """
        self.due = self._fresh > 0 or (self._age - offset) % interval == 0
        (self._arrive if self._begun else self._fill)(self._levels)
        self._begun, self._fresh, self._age = True, max(0, self._fresh - 1), self._age + 1

    def run_every_program(self) -> None:
        """Run all there are once, on what happens to be there, so that none is captured later."""
        self._arrive()
        self._fill()

    def _take(self, levels: Tensor) -> None:
        self.pictures[1:] = self.pictures[:-1].clone()
        self.pictures[0] = self._as_shown(levels)

    def _take_for_all(self, levels: Tensor) -> None:
        self.pictures[:] = self._as_shown(levels)

    def _as_shown(self, levels: Tensor) -> Tensor:
        return levels.permute(2, 0, 1).to(self.pictures.dtype) / 255.0


class ControlGuide(Guide):
    """A ControlNet (arXiv:2302.05543): answers the noisy latents of every row, with their pictures, steps and text.

    Between its turns each slot keeps what was answered for it, at its own noise level, to an older frame.

    Args:
        rows: how many a U-Net call over all slots has.
        as_rows: see `Rows`.
    """

    def __init__(self, network: StructureNetwork, *args: Any, rows: int, as_rows: Rows, **options: Any) -> None:
        super().__init__(network, *args, **options)
        self._rows, self._as_rows = rows, as_rows
        self._programs: dict[tuple[int, int], Program] = {}

    def answer(self, given: Callable[[], Given], first: int, tokens: int) -> None:
        """Answer for the slots from `first` on, with a text of so many tokens."""
        key = first, tokens
        if key not in self._programs:
            name = f"structure {self.network.source} ({self.network.kind}): answer from slot {first}; {tokens} tokens"
            self._programs[key] = Program(self._graphs, name, lambda: self._answer(given()))
        self._programs[key]()

    def _answer(self, given: Given) -> None:
        slots = slice(given.first, given.last) if self._frames > 1 else slice(0, 1)
        pictures = self._as_rows(self.pictures[slots], given.first)
        shown: Any = pictures
        more: dict[str, Any] = {}
        if type(self.network.module).__name__ == UNION:
            place, kinds = UNION_PLACES[self.network.kind], self.network.module.config.num_control_type
            chosen = torch.arange(kinds, device=pictures.device) == place
            shown = [pictures]
            more = {"control_type": chosen.to(pictures.dtype).expand(len(pictures), -1), "control_type_idx": [place]}
        down, mid = self.network.module(
            given.sample,
            given.timesteps,
            encoder_hidden_states=given.text,
            controlnet_cond=shown,
            return_dict=False,
            added_cond_kwargs=given.added or None,
            **more,
        )
        found = [*down, mid]
        if not self.answers:
            self.answers = [room_for(self._rows, one) for one in found]
        for answer, one in zip(self.answers, found, strict=True):
            answer[given.rows] = one


class AdapterGuide(Guide):
    """A T2I-Adapter (arXiv:2302.08453): answers the picture alone, so each frame's answer moves on with it."""

    def __init__(self, network: StructureNetwork, *args: Any, **options: Any) -> None:
        super().__init__(network, *args, **options)
        name = f"structure {network.source} ({network.kind}): answer"
        self._first = Program(self._graphs, f"{name} for all frames", self._answer_for_all)
        self._next = Program(self._graphs, name, self._answer)
        self._move = Program(self._graphs, f"{name} moved on", self._move_on)
        self._answered = False

    @property
    def _shown(self) -> int:
        return 1

    def restart(self) -> None:
        super().restart()
        self._answered = False

    def answer(self) -> None:
        """Answer for the newest frame, or let its answer be the last one's; those in flight move on by a slot."""
        if not self._answered:
            self._first()
        elif self.due:
            self._next()
        else:
            self._move()
        self._answered = True

    def run_every_program(self) -> None:
        super().run_every_program()
        for program in (self._first, self._next, self._move):
            program()

    def _found(self) -> list[Tensor]:
        found = self.network.module(self.pictures)
        if not self.answers:
            self.answers = [room_for(self._frames, one) for one in found]
        return found

    def _answer_for_all(self) -> None:
        for one, answer in zip(self._found(), self.answers, strict=True):
            answer[:] = one

    def _answer(self) -> None:
        for one, answer in zip(self._found(), self.answers, strict=True):
            answer[1:] = answer[:-1].clone()
            answer[0] = one[0]

    def _move_on(self) -> None:
        for answer in self.answers:
            answer[1:] = answer[:-1].clone()


def room_for(rows: int, like: Tensor) -> Tensor:
    """Zeros for so many rows of what `like` has one or more of, laid out alike."""
    room = torch.zeros(rows, *like.shape[1:], device=like.device, dtype=like.dtype)
    channels_last = like.dim() == 4 and like.is_contiguous(memory_format=torch.channels_last)
    return room.contiguous(memory_format=torch.channels_last) if channels_last else room
