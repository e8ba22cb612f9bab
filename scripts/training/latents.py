"""Latents of the whole cache, and the training batches made from them.

`latents.npy` float16 [N, 1 + K, C, h, w]: for each crop the photo, then its K targets, all divided
by their common standard deviation (the scaling_factor of the exported autoencoder is its inverse).
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray

from training.captions import compose, compose_plain
from training.data import STYLES, Cache
from training.team import Member
from training.toning import MOODS, PALETTES

# Crops of latents start at multiples of this many cells: 32 pixels, the coarsest phase of the U-Net.
ALIGN_CELLS = 4


@dataclass(frozen=True)
class Latents:
    """Memory-mapped latents and the factor that gave them unit variance."""

    array: NDArray[np.float16]
    scaling_factor: float


@dataclass(frozen=True)
class Batch:
    """What one step learns from: B photos, their targets, and the words that ask for them.

    `source` and `target` are latents [B, C, h, w]; `pixels` [B, 2, 8h, 8w, 3] uint8 holds the
    same two as pictures.
    """

    source: torch.Tensor
    target: torch.Tensor
    pixels: NDArray[np.uint8]
    prompts: list[str]


def open_latents(folder: Path) -> Latents:
    """Map the latents that `encode_cache` has written."""
    facts = json.loads((folder / "latents.json").read_text())
    return Latents(np.load(folder / "latents.npy", mmap_mode="r"), facts["scaling_factor"])


@torch.no_grad()
def encode_cache(cache: Cache, vae: AutoencoderTiny, folder: Path, *, device: torch.device, member: Member) -> None:
    """Encode every picture of the cache, unless an earlier call has done so; a team shares the work."""
    done = folder / "latents.json"
    if done.exists():
        return
    count, kinds, size = cache.targets.shape[:3]
    channels, cells = vae.config.latent_channels, size // 8  # type: ignore[attr-defined]
    path, shape = folder / "latents.npy", (count, 1 + kinds, channels, cells, cells)
    if member.leads:
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape).flush()
    member.wait()
    array = np.load(path, mmap_mode="r+")
    encoder = vae.encoder.to(device, memory_format=torch.channels_last).eval()
    for n in range(member.rank, count, member.size):
        pictures = np.concatenate([cache.sources[n : n + 1], cache.targets[n]])
        tensor = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.autocast(device.type, torch.bfloat16):
            latents = encoder(tensor.contiguous(memory_format=torch.channels_last)).float()
        array[n] = latents.cpu().numpy().astype(np.float16)
        if member.leads and n % 100 == 0:
            print(f"latents {n}/{count}", file=sys.stderr, flush=True)
    array.flush()
    member.wait()
    if member.leads:
        some = np.asarray(array[:: max(1, count // 200)], np.float32)
        done.write_text(json.dumps({"scaling_factor": float(np.square(some).mean() ** -0.5)}))
    member.wait()


def latent_batch(cache: Cache, latents: Latents, rng: np.random.Generator, *, batch: int, cells: int) -> Batch:
    """A random batch; one in ten asks, with an empty or unknown prompt, for the photo itself."""
    count, kinds = latents.array.shape[:2]
    room = (latents.array.shape[-1] - cells) // ALIGN_CELLS
    sources, targets, pixels, prompts = [], [], [], []
    for _ in range(batch):
        n, k = int(rng.integers(count)), int(rng.integers(kinds - 1))
        top, left = (int(v) for v in ALIGN_CELLS * rng.integers(0, room + 1, 2))
        plain = rng.random() < 0.1
        style, palette, mood = (int(v) for v in cache.labels[n, k])
        rows, columns = slice(top, top + cells), slice(left, left + cells)
        sources.append(latents.array[n, 0, :, rows, columns])
        targets.append(latents.array[n, 0 if plain else 1 + k, :, rows, columns])
        area = (slice(8 * top, 8 * (top + cells)), slice(8 * left, 8 * (left + cells)))
        photo = cache.sources[n][area]
        pixels.append(np.stack([photo, photo if plain else cache.targets[n, k][area]]))
        if plain:
            prompts.append(compose_plain(rng))
        else:
            words = {"style": STYLES[style], "palette": PALETTES[palette], "mood": MOODS[mood]}
            prompts.append(compose(rng, **words))
    factor = latents.scaling_factor
    stack = [torch.from_numpy(np.stack(part)).float() * factor for part in (sources, targets)]
    return Batch(stack[0], stack[1], np.stack(pixels), prompts)
