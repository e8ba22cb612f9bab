"""Several processes that train one model: each draws its share of a batch, gradients are averaged.

On a busy machine with few cores, two processes of one thread each are faster than one process of
two threads: threads meet at a barrier hundreds of times a step, the processes once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing


@dataclass(frozen=True)
class Member:
    """One process of the team: its number and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """True for the one process that prints and writes checkpoints."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace every gradient by its mean over the team."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def add_up(self, tensors: list[torch.Tensor]) -> None:
        """Replace every tensor by its sum over the team, in place."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.size > 1:
            dist.barrier()


def run_team(work: Callable[..., Any], size: int, *arguments: Any) -> None:
    """Run `work(member, *arguments)` in `size` processes, or in this one where size is 1.

    `work` must be importable by name, its arguments picklable; what it makes it leaves in files.
    """
    if size == 1:
        work(Member(), *arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        multiprocessing.spawn(_enter, args=(size, meeting, work, arguments), nprocs=size)  # type: ignore[attr-defined]


def _enter(rank: int, size: int, meeting: str, work: Callable[..., Any], arguments: tuple) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size)
    try:
        work(Member(rank, size), *arguments)
    finally:
        dist.destroy_process_group()
