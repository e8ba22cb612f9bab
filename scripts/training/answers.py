"""What a decoder learns from: the model's own answers, the latents that were wanted, and the teachers' pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from diffusers import AutoencoderTiny
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.data import Cache
from training.denoiser import Trained, predict, tokens_of
from training.examples import fresh_examples
from training.latents import MOTIONS, latent_batch


@dataclass(frozen=True)
class Answers:
    """Latents as a decoder reads them, [B, C, h, w], and pictures in -1..1, [B, 3, 8h, 8w]."""

    drawn: torch.Tensor
    wanted: torch.Tensor
    pictures: torch.Tensor


@torch.no_grad()
def some_answers(
    trained: Trained,
    caches: Sequence[Cache],
    vae: AutoencoderTiny,
    tokenizer: CLIPTokenizer,
    rng: np.random.Generator,
    noise_source: torch.Generator,
    *,
    pairs: int,
    cells: int,
    device: torch.device,
    motions: Mapping[str, float] = MappingProxyType(MOTIONS),
) -> Answers:
    """Answers to random pairs of frames, 2 x `pairs` of them; the arguments are those of `latent_batch`."""
    batch = latent_batch(caches, vae, rng, pairs=pairs, cells=cells, motions=motions)
    examples = fresh_examples(batch, tokens_of(tokenizer, batch.prompts), rng).to(device)
    noise = torch.randn(examples.clean.shape[1:], generator=noise_source).to(device)
    factor = vae.config.scaling_factor  # type: ignore[attr-defined]
    answers, both = predict(trained, examples, noise), batch.pixels.to(device)
    pictures = torch.lerp(both[:, :, 0], both[:, :, 1], examples.amount[..., None, None, None])
    return Answers(*(t.flatten(0, 1) for t in (answers / factor, examples.wanted / factor, pictures)))
