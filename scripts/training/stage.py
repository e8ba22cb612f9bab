"""What both training stages share: checkpoints, learning rate, seeds, speed set-up.

Every random choice of step n is drawn from generators seeded by (seed, n, rank), so a run that was
stopped goes on from its checkpoint exactly as if it had never stopped.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from streamv2v.device.choosing import cpu_has_bfloat16


def choose_device(name: str) -> torch.device:
    """The device to train on; "auto" takes CUDA where there is one, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def mixed_precision(device: torch.device) -> torch.autocast:
    """bfloat16 for what runs within, on a GPU and on processors that have it; float32 on others, where it is slower."""
    wanted = device.type != "cpu" or cpu_has_bfloat16()
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)


def step_generators(seed: int, step: int, rank: int) -> tuple[np.random.Generator, torch.Generator]:
    """The random numbers of one step: one generator for choices, one (on the CPU) for noise."""
    rng = np.random.default_rng((seed, step, rank))
    return rng, torch.Generator().manual_seed(int(rng.integers(2**62)))


def learning_rate(step: int, total: int, *, peak: float, warm_up: int = 100) -> float:
    """Linear warm-up to `peak`, then a cosine down to 2 % of it at the last step."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    done = min(1.0, (step - warm_up) / max(1, total - warm_up))
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every parameter group the rate times its own `scale` (1 where it has none)."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    torch.save(state, temporary)
    os.replace(temporary, path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, or None where there is none yet."""
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, *, decay: float) -> None:
    """Move the running average of the weights one step towards the model."""
    for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(fast, 1 - decay)


def report_steps(
    name: str, first: int, total: int, *, every: int = 50, quiet: bool = False
) -> Iterator[tuple[int, dict]]:
    """Yield (step, facts); prints the means of what was put into facts and the rate, to stderr."""
    started, sums, count = time.monotonic(), {}, 0
    for step in range(first, total):
        facts: dict[str, float] = {}
        yield step, facts
        count += 1
        for key, value in facts.items():
            sums[key] = sums.get(key, 0.0) + float(value)
        if not quiet and ((step + 1) % every == 0 or step + 1 == total):
            rate = count / (time.monotonic() - started)
            means = "  ".join(f"{k} {v / count:.4f}" for k, v in sums.items())
            print(f"{name} {step + 1}/{total}  {rate:.2f} steps/s  {means}", file=sys.stderr, flush=True)
            started, sums, count = time.monotonic(), {}, 0
