"""Training batches of the denoiser: pairs of frames, their targets, and the words between.

Each pair is an earlier and a later frame of one scene as a webcam films it: the picture stands still or
moves a little, the noise is new. The later frame is shown with the earlier one in the feature bank
(`remembering.py`). The encoder is linear and cheap, so pictures are encoded as they are drawn from the cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from diffusers import AutoencoderTiny

from training.captions import compose, compose_plain
from training.data import STYLES, Cache
from training.toning import MOODS, PALETTES
from training.webcam import filmed, random_webcam

# How often a style is drawn against the others: those that were learned last are shown more.
SHARES = {
    "photo": 0.6, "charcoal": 0.7, "watercolour": 0.7, "vintage": 0.9, "marble": 0.8, "linocut": 1.3, "comic": 1.8,
    "cartoon": 3.5, "neon": 1.3, "blueprint": 1.6, "chrome": 1.4, "thermal": 1.6, "popart": 1.4, "pixel": 1.2,
    "glass": 2.2, "glitch": 1.5,
}  # fmt: skip
# How often a target without a palette is drawn again: colours are learned after lines.
REDRAWN = 0.45
# Chances of what happens between the two frames of a pair.
MOTIONS = {"still": 0.35, "cells": 0.15, "pixels": 0.15, "cut": 0.35}


@dataclass(frozen=True)
class Batch:
    """What one step learns from: P pairs; the first axis is (earlier, later).

    `seen` [2, P, C, h, w] are latents of the frames as filmed, `source` and `target` those of the clean frame and
    of its styled version, of about unit variance; `pixels` [2, P, 2, 3, 8h, 8w] holds the last two as pictures
    in -1..1. `shift` [2, P, 2] is how many cells down and right the frame has moved on the picture, where `same`
    [2, P] says that the later frame shows the place of the earlier one on the grid of cells. `prompts` has one
    entry a pair.
    """

    seen: torch.Tensor
    source: torch.Tensor
    target: torch.Tensor
    pixels: torch.Tensor
    shift: torch.Tensor
    same: torch.Tensor
    prompts: list[str]


@torch.no_grad()
def encode(vae: AutoencoderTiny, pictures: torch.Tensor) -> torch.Tensor:
    """Latents of about unit variance [B, C, h, w] of pictures [B, 3, 8h, 8w] in -1..1."""
    return vae.encoder(pictures) * vae.config.scaling_factor  # type: ignore[attr-defined]


def latent_batch(
    cache: Cache,
    vae: AutoencoderTiny,
    rng: np.random.Generator,
    *,
    pairs: int,
    cells: int,
    motions: Mapping[str, float] = MappingProxyType(MOTIONS),
) -> Batch:
    """Random pairs; one in ten asks, with an empty or unknown prompt, for the photo itself.

    `motions` are the chances of what happens between the two frames.
    """
    side = 8 * cells
    pixels = np.empty((2, pairs, 3, side, side, 3), np.uint8)
    shift, same = np.zeros((2, pairs, 2), np.int64), np.zeros((2, pairs), bool)
    prompts = []
    for i in range(pairs):
        k = _style(rng, cache.targets.shape[1])
        n = int(rng.integers(len(cache.targets)))
        if not cache.labels[n, k, 1] and rng.random() < REDRAWN:
            n = int(rng.integers(len(cache.targets)))
        plain = rng.random() < 0.1
        corners, shift[1, i], same[:, i], after = _two_corners(rng, cache, (n, k), side, motions)
        camera = random_webcam(rng)
        for when, (top, left) in enumerate(corners):
            crop = n if when == 0 else after
            area = (slice(top, top + side), slice(left, left + side))
            clean = cache.sources[crop][area]
            pixels[when, i, 0] = filmed(clean, rng, **camera)  # type: ignore[arg-type]
            pixels[when, i, 1] = clean
            pixels[when, i, 2] = clean if plain else cache.targets[crop, k][area]
        style, palette, mood = (int(v) for v in cache.labels[n, k])
        words = {"style": STYLES[style], "palette": PALETTES[palette], "mood": MOODS[mood]}
        prompts.append(compose_plain(rng) if plain else compose(rng, **words))
    pictures = torch.from_numpy(pixels).permute(0, 1, 2, 5, 3, 4).float() / 127.5 - 1
    latents = encode(vae, pictures.flatten(0, 2)).unflatten(0, (2, pairs, 3))
    seen, source, target = latents.unbind(2)
    return Batch(seen, source, target, pictures[:, :, 1:], torch.from_numpy(shift), torch.from_numpy(same), prompts)


def _style(rng: np.random.Generator, kinds: int) -> int:
    shares = np.array([SHARES.get(name, 1.0) for name in STYLES[:kinds]])
    return int(rng.choice(kinds, p=shares / shares.sum()))


def _two_corners(
    rng: np.random.Generator, cache: Cache, picture: tuple[int, int], side: int, motions: Mapping[str, float]
) -> tuple:
    """Where both frames lie: corners [(top, left)] * 2, the shift in cells, whether it is one place, the later crop."""
    crop, style = picture
    room = cache.targets.shape[2] - side
    motion = rng.choice(list(motions), p=list(motions.values()))
    if room == 0 and motion in ("cells", "pixels"):
        motion = "still"
    first = 8 * rng.integers(0, room // 8 + 1, 2)
    if motion == "cut":
        # the words stay, so another picture that was toned alike
        alike = np.flatnonzero((cache.labels[:, style] == cache.labels[crop, style]).all(axis=-1))
        return (first, 8 * rng.integers(0, room // 8 + 1, 2)), (0, 0), False, int(rng.choice(alike))
    if motion == "cells":
        second = np.clip(first + 8 * rng.integers(-3, 4, 2), 0, room // 8 * 8)
        return (first, second), (second - first) // 8, True, crop
    if motion == "pixels":
        return (first, np.clip(first + rng.integers(-14, 15, 2), 0, room)), (0, 0), False, crop
    return (first, first), (0, 0), True, crop
