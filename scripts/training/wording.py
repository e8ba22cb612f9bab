"""The text encoder learns what words mean before a picture is drawn from them.

A network that has to tell thirty styles by gradients that come all the way from the pictures finds the words last: for
thousands of examples all new styles are one, and what it draws is their mean. Telling them apart by their captions
alone takes a minute. What a model knew already stays where it was: its U-Net reads it there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers.models.clip.modeling_clip import CLIPTextModel

from training.asking import Request, random_request
from training.teachers import STYLES
from training.toning import MOODS, PALETTES

KEEP = 20.0
"""How much the distance to what the encoder answered before counts, for words that it knew."""
KINDS: dict[str, tuple[str, ...]] = {"style": STYLES, "palette": PALETTES, "mood": MOODS}

Tokens = Callable[[list[str]], torch.Tensor]


class Meanings(nn.Module):
    """Reads style, palette and mood from an encoder's answers: for each kind the scores [B, n] of its keys."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({kind: nn.Linear(width, len(keys)) for kind, keys in KINDS.items()})

    def forward(self, answers: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answers [B, L, D]: their mean is read, as the U-Net pools them."""
        return {kind: head(answers.mean(dim=1)) for kind, head in self.heads.items()}


def learn_words(
    encoder: CLIPTextModel,
    tokens_of: Tokens,
    *,
    steps: int,
    seed: int,
    batch: int = 96,
    known: Callable[[Request], bool] = lambda _request: False,
    rate: float = 1e-3,
) -> Meanings:
    """Teach `encoder`, in place, to tell styles, palettes and moods apart; returns what reads them from it.

    Args:
        tokens_of: sentences as token ids, [B, L].
        steps: of `batch` sentences each.
        known: whether a sentence should be answered as it was before.
    """
    torch.manual_seed(seed)
    before, meanings = copy.deepcopy(encoder).eval(), Meanings(encoder.config.hidden_size)
    learning = [*encoder.parameters(), *meanings.parameters()]
    optimiser = torch.optim.AdamW(learning, lr=rate, weight_decay=1e-3)
    encoder.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * (1 - step / steps)
        rng = np.random.default_rng((seed, step))
        asked = [random_request(rng, STYLES) for _ in range(batch)]
        tokens = tokens_of([request.words for request in asked])
        answers = encoder(tokens).last_hidden_state
        loss = sum(F.cross_entropy(scores, keys_of(asked, kind)) for kind, scores in meanings(answers).items())
        kept = torch.tensor([known(request) for request in asked])
        if kept.any():
            with torch.no_grad():
                wanted = before(tokens[kept]).last_hidden_state
            loss = loss + KEEP * F.smooth_l1_loss(answers[kept], wanted, beta=0.1)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[union-attr]
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
    return meanings


def keys_of(asked: list[Request], kind: str) -> torch.Tensor:
    """The numbers of what was asked among the keys of its kind, [B]."""
    return torch.tensor([KINDS[kind].index(getattr(request, kind)) for request in asked])


@torch.no_grad()
def told_apart(encoder: CLIPTextModel, meanings: Meanings, tokens_of: Tokens, asked: list[Request]) -> dict[str, float]:
    """The share of the sentences whose style, palette and mood are read rightly."""
    found = meanings(encoder.eval()(tokens_of([request.words for request in asked])).last_hidden_state)
    return {kind: float((found[kind].argmax(dim=1) == keys_of(asked, kind)).float().mean()) for kind in KINDS}
