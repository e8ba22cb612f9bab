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

LAST_T = 950


@dataclass(frozen=True)
class Examples:
    """Noised inputs and what should come out: B examples.

    `clean` [B, C, h, w] is what gets noised at `t` [B], `wanted` [B, C, h, w] the answer,
    `amount` [B] the share of style in it, `tokens` [B, L] the prompts.
    """

    clean: torch.Tensor
    wanted: torch.Tensor
    amount: torch.Tensor
    t: torch.Tensor
    tokens: torch.Tensor

    def to(self, device: torch.device) -> Examples:
        """The same on another device."""
        return Examples(*(value.to(device) for value in vars(self).values()))

    def first(self, count: int) -> Examples:
        """The first `count` of them."""
        return Examples(*(value[:count] for value in vars(self).values()))


def style_amount(t: torch.Tensor) -> torch.Tensor:
    """Share of style in the target at timestep t: a smooth step from t = 40 to t = 400."""
    x = ((t.float() - 40) / 360).clamp(0, 1)
    return x * x * (3 - 2 * x)


def random_timesteps(rng: np.random.Generator, count: int) -> torch.Tensor:
    """Timesteps 0..949, more of them in 150..650, where strengths that people use lie."""
    wide, middle = rng.integers(0, LAST_T, count), rng.integers(150, 650, count)
    return torch.from_numpy(np.where(rng.random(count) < 0.4, wide, middle))


def fresh_examples(batch: Batch, tokens: torch.Tensor, rng: np.random.Generator) -> Examples:
    """Photos to be styled (85 %) and pictures that are styled already, wholly or in part."""
    count = len(batch.prompts)
    t = random_timesteps(rng, count)
    kind = rng.random(count)
    given = np.where(kind < 0.85, 0.0, np.where(kind < 0.95, 1.0, rng.random(count)))
    given = torch.from_numpy(given).float()
    amount = torch.maximum(given, style_amount(t))
    shape = (-1, 1, 1, 1)
    clean = torch.lerp(batch.source, batch.target, given.view(shape))
    wanted = torch.lerp(batch.source, batch.target, amount.view(shape))
    return Examples(clean, wanted, amount, t, tokens)


def later_examples(before: Examples, answer: torch.Tensor, rng: np.random.Generator) -> Examples:
    """The answers to examples of the last step as inputs at a lower t, with the same targets."""
    share = torch.from_numpy(rng.uniform(0.2, 0.8, len(answer))).float().to(answer.device)
    t = (before.t.float() * share).long()
    return Examples(answer, before.wanted, before.amount, t, before.tokens)


def join(first: Examples, second: Examples) -> Examples:
    """Both sets of examples as one batch."""
    pairs = zip(vars(first).values(), vars(second).values(), strict=True)
    return Examples(*(torch.cat(pair) for pair in pairs))
