"""What the parts of the denoiser learn by."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from training.muon import Muon, is_matrix
from training.team import Member

ORTHOGONAL = "unet"
"""The part whose matrices learn by Muon; its biases and norms, and all of the others, learn by AdamW."""


def make_optimisers(
    modules: Mapping[str, torch.nn.Module], rates: Mapping[str, float], *, rate: float, member: Member
) -> tuple[torch.optim.Optimizer, ...]:
    """Optimisers that together hold everything in `modules` that learns.

    Args:
        modules: part -> network.
        rates: part -> its share of the learning rate.
        rate: the highest one.
        member: of the team.
    """
    matrices, rest = [], []
    for name, module in modules.items():
        learning = [p for p in module.parameters() if p.requires_grad]
        alone = [p for p in learning if name == ORTHOGONAL and is_matrix(p)]
        own = {id(p) for p in alone}
        matrices.append({"params": alone, "scale": rates[name]})
        rest.append({"params": [p for p in learning if id(p) not in own], "scale": rates[name]})
    return (
        Muon([group for group in matrices if group["params"]], lr=rate, member=member),
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=1e-3, fused=True),
    )
