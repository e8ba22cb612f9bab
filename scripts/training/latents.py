"""Training batches of the denoiser: latents of photos and of their targets, and the words between.

The encoder is linear and cheap, so pictures are encoded as they are drawn from the cache.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderTiny

from training.captions import compose, compose_plain
from training.data import STYLES, Cache
from training.toning import MOODS, PALETTES


@dataclass(frozen=True)
class Batch:
    """What one step learns from: B photos, their targets, and the words that ask for them.

    `source` and `target` are latents [B, C, h, w] of about unit variance; `pixels`
    [B, 2, 3, 8h, 8w] holds the same two as pictures in -1..1.
    """

    source: torch.Tensor
    target: torch.Tensor
    pixels: torch.Tensor
    prompts: list[str]


@torch.no_grad()
def encode(vae: AutoencoderTiny, pictures: torch.Tensor) -> torch.Tensor:
    """Latents of about unit variance [B, C, h, w] of pictures [B, 3, 8h, 8w] in -1..1."""
    return vae.encoder(pictures) * vae.config.scaling_factor  # type: ignore[attr-defined]


def latent_batch(cache: Cache, vae: AutoencoderTiny, rng: np.random.Generator, *, batch: int, cells: int) -> Batch:
    """A random batch; one in ten asks, with an empty or unknown prompt, for the photo itself."""
    count, kinds, size = cache.targets.shape[:3]
    side = 8 * cells
    pixels, prompts = np.empty((batch, 2, side, side, 3), np.uint8), []
    for i in range(batch):
        n, k = int(rng.integers(count)), int(rng.integers(kinds))
        top, left = (int(v) for v in 8 * rng.integers(0, (size - side) // 8 + 1, 2))
        area = (slice(top, top + side), slice(left, left + side))
        plain = rng.random() < 0.1
        pixels[i, 0] = cache.sources[n][area]
        pixels[i, 1] = pixels[i, 0] if plain else cache.targets[n, k][area]
        style, palette, mood = (int(v) for v in cache.labels[n, k])
        words = {"style": STYLES[style], "palette": PALETTES[palette], "mood": MOODS[mood]}
        prompts.append(compose_plain(rng) if plain else compose(rng, **words))
    both = torch.from_numpy(pixels).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    source, target = encode(vae, both.flatten(0, 1)).unflatten(0, (batch, 2)).unbind(1)
    return Batch(source, target, both, prompts)
