"""Muon (Jordan and others, 2024): the momentum of a matrix of weights, made orthogonal, is its step.

AdamW gives every number a step of its own, and a step of a matrix is then mostly its few strongest directions.
Orthogonal, it learns in all of them: from the same pictures the denoiser learned more in 150 steps than with AdamW at
its best rate (docs/embedded-model.md). A convolution is the matrix of its filters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from training.team import Member

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that brings all singular values near 1 within five rounds: those that the authors published."""
ROUNDS = 5
AS_ADAMW = 0.2
"""Root mean square of a step at rate 1, about that of AdamW's, so that one rate does for both."""
LEAST = 16
"""Matrices with a side shorter than this are left to AdamW."""


def is_matrix(parameter: torch.nn.Parameter) -> bool:
    """Whether weights are a matrix that is worth the work."""
    return parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) >= LEAST


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """A matrix [m, n] with about the same singular vectors and singular values near 1 (Newton-Schulz)."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Each member of the team computes the steps of its share of the matrices; all take the same.

    Args:
        groups: parameter groups of matrices.
        lr: learning rate.
        momentum: how much of the last steps goes into one.
        weight_decay: as in AdamW.
        member: of the team.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 1e-3,
        member: Member | None = None,
    ) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._member = member or Member()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step from the gradients that are there."""
        learning = [(p, g) for g in self.param_groups for p in g["params"] if p.grad is not None]
        steps = [torch.zeros(len(p), p[0].numel(), device=p.device) for p, _ in learning]
        for index in share_of(self._member, [s.numel() * min(s.shape) for s in steps]):
            parameter, group = learning[index]
            steps[index] = orthogonal(self._direction(parameter, group["momentum"]).reshape(steps[index].shape))
        self._member.add_up(steps)
        for (parameter, group), step in zip(learning, steps, strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            scale = AS_ADAMW * max(step.shape) ** 0.5
            parameter.add_(step.view(parameter.shape), alpha=-group["lr"] * scale)

    def _direction(self, parameter: torch.nn.Parameter, momentum: float) -> torch.Tensor:
        """The gradient with the momentum of those before (Nesterov's)."""
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if "moving" not in state:
            state["moving"] = torch.zeros_like(gradient)
        state["moving"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["moving"], momentum)


def share_of(member: Member, prices: list[int]) -> list[int]:
    """The numbers of what a member computes: each goes to whoever has least to do yet, the dearest first."""
    loads, mine = [0] * member.size, []
    for index in sorted(range(len(prices)), key=lambda i: -prices[i]):
        rank = loads.index(min(loads))
        loads[rank] += prices[index]
        if rank == member.rank:
            mine.append(index)
    return mine
