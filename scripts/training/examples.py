"""What the denoiser is shown: clean latents to be noised, and what should come out.

Paired training: the *photo* is noised and its *styled* version is wanted, so the network need not
invent a world, only re-draw what it sees. How much style is wanted grows with t (`style_amount`),
which is what makes the strength slider mean something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from training.latents import Batch

LAST_T = 1000


@dataclass(frozen=True)
class Examples:
    """Noised inputs and what should come out: P pairs; the first axis is (earlier, later).

    `clean` [2, P, C, h, w] is what gets noised at `t` [2, P], `wanted` [2, P, C, h, w] the answer, `amount` [2, P]
    the share of style in it, `tokens` [2, P, L] the prompts; `weight` [2, P, 1, h, w], `shift` [2, P, 2] and `same`
    [2, P] as in `Batch`.
    """

    clean: torch.Tensor
    wanted: torch.Tensor
    amount: torch.Tensor
    t: torch.Tensor
    tokens: torch.Tensor
    weight: torch.Tensor
    shift: torch.Tensor
    same: torch.Tensor

    def to(self, device: torch.device) -> Examples:
        """The same on another device."""
        return Examples(*(value.to(device) for value in vars(self).values()))

    def first(self, count: int) -> Examples:
        """The first `count` pairs."""
        return Examples(*(value[:, :count] for value in vars(self).values()))


def style_amount(t: torch.Tensor) -> torch.Tensor:
    """Share of style in the target at timestep t: a smooth step from t = 30 to t = 480, the last of it by t = 999.

    The last tenth keeps the slider alive in its upper half, where more noise alone would draw a fainter look.
    """
    x = ((t.float() - 30) / 450).clamp(0, 1)
    rest = ((t.float() - 480) / 519).clamp(0, 1)
    return 0.92 * x * x * (3 - 2 * x) + 0.08 * rest


def random_timesteps(rng: np.random.Generator, count: int) -> torch.Tensor:
    """Timesteps 0..999, most of them in 350..700, where the whole style is drawn at strengths that people use."""
    wide, middle = rng.integers(0, LAST_T, count), rng.integers(350, 700, count)
    return torch.from_numpy(np.where(rng.random(count) < 0.35, wide, middle))


def fresh_examples(batch: Batch, tokens: torch.Tensor, rng: np.random.Generator) -> Examples:
    """Photos to be styled (92 %) and pictures that are styled already, wholly or in part; `tokens` is [P, L]."""
    pairs = len(batch.prompts)
    t = random_timesteps(rng, pairs)
    kind = rng.random(pairs)
    given = np.where(kind < 0.92, 0.0, np.where(kind < 0.97, 1.0, rng.random(pairs)))
    given = torch.from_numpy(given).float()
    amount = torch.maximum(given, style_amount(t))
    shape = (-1, 1, 1, 1)
    clean = torch.lerp(batch.seen, batch.target, given.view(shape))
    wanted = torch.lerp(batch.source, batch.target, amount.view(shape))
    amount, t, tokens = (value.expand(2, *value.shape) for value in (amount, t, tokens))
    return Examples(clean, wanted, amount, t, tokens, batch.weight, batch.shift, batch.same)


def later_examples(before: Examples, answer: torch.Tensor, rng: np.random.Generator) -> Examples:
    """The answers [2, P, C, h, w] to examples of the last step as inputs at a lower t, with the same targets."""
    share = torch.from_numpy(rng.uniform(0.2, 0.8, answer.shape[1])).float().to(answer.device)
    t = (before.t.float() * share).long()
    return Examples(answer, before.wanted, before.amount, t, before.tokens, before.weight, before.shift, before.same)


def join(first: Examples, second: Examples) -> Examples:
    """Both sets of pairs as one."""
    both = zip(vars(first).values(), vars(second).values(), strict=True)
    return Examples(*(torch.cat(pair, dim=1) for pair in both))
