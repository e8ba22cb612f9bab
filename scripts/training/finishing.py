"""The decoder learns to draw what the U-Net answers, as strokes.

A decoder that was trained on latents of pictures takes the part of an answer that is guessed for noise and smooths it
away. Here half of each batch are answers of the model's own U-Net and half the latents that were wanted, all to be
drawn as the teachers' pictures; the energy of strokes counts beside the picture. Nothing else of the model changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.answers import some_answers
from training.autoencoder import picture_loss
from training.data import Cache
from training.denoiser import Trained
from training.latents import CELL
from training.losses import lattice_excess, picture_strokes
from training.one_network import OneNetwork
from training.stage import mixed_precision, report_steps, step_generators
from training.team import Member

WINDOW = 16
"""Cells a side of what is decoded of an answer."""
APART = {"cut": 1.0}
"""The two frames of a pair show two scenes."""
STROKES = 4.0
"""How much the energy of strokes counts beside the picture."""
LATTICE = 16.0
"""How much a pattern that repeats with the cells counts."""


@torch.no_grad()
def go_towards(decoder: torch.nn.Module, finished: Mapping[str, torch.Tensor], *, share: float) -> None:
    """Move the weights of `decoder` towards finished ones, in place: 0 leaves them, 1 takes the others.

    The further, the more strokes; all the way costs the finest styles, photo and vintage, more than they should lose.
    """
    for name, weight in decoder.state_dict().items():
        weight.lerp_(finished[name].to(weight), share)


def finish_decoder(
    caches: Sequence[Cache],
    vae: AutoencoderTiny,
    trained: Trained,
    tokenizer: CLIPTokenizer,
    path: Path,
    *,
    steps: int,
    seed: int,
    device: torch.device,
    member: Member,
    batch: int = 16,
    cells: int = 28,
    peak_rate: float = 5e-4,
    save_every: int = 100,
) -> None:
    """Train, or go on training, the decoder of `vae` for the U-Net in `trained`; checkpoints go to `path`.

    Args:
        batch: pictures a step, all processes: half of them answers.
        cells: side of the crops that the U-Net sees.
    """
    model = vae.decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for part in trained.modules().values():
        part.to(device).eval()
    run = OneNetwork(model, path, steps=steps, peak_rate=peak_rate, member=member)
    for step, facts in report_steps(path.stem, run.first, steps, quiet=not member.leads):
        rng, noise_source = step_generators(seed, step, member.rank)
        pairs = max(1, batch // 4 // member.size)
        found = some_answers(
            trained, caches, vae, tokenizer, rng, noise_source, pairs=pairs, cells=cells, device=device, motions=APART
        )
        top, left = rng.integers(0, max(0, cells - WINDOW) + 1, 2).tolist()
        latents = torch.cat([found.drawn, found.wanted])[..., top : top + WINDOW, left : left + WINDOW]
        rows, columns = (slice(CELL * start, CELL * (start + WINDOW)) for start in (top, left))
        wanted = found.pictures[..., rows, columns]
        with mixed_precision(device):
            guessed, true = model(latents.contiguous(memory_format=torch.channels_last)).float().chunk(2)
        answered, strokes = picture_loss(guessed, wanted), picture_strokes(guessed, wanted)
        exact, lattice = picture_loss(true, wanted), lattice_excess(guessed, wanted)
        facts |= {"answers": answered.detach(), "strokes": strokes.detach(), "lattice": lattice.detach()}
        facts |= {"true": exact.detach()}
        run.learn(step, answered + 0.5 * exact + STROKES * strokes + LATTICE * lattice)
        if member.leads and ((step + 1) % save_every == 0 or step + 1 == steps):
            run.save(step + 1)
