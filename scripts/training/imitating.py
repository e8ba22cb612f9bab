"""A smaller decoder learns to draw what a model's own decoder draws.

Half of each batch are latents that the model's U-Net answers, to be drawn as the present decoder draws them; half
are the latents that were wanted, to be drawn as the pictures they came from. Nothing else of the model changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.answers import some_answers
from training.autoencoder import make_autoencoder, picture_loss
from training.data import Cache
from training.denoiser import Trained
from training.one_network import OneNetwork
from training.stage import mixed_precision, report_steps, step_generators
from training.team import Member


def smaller_autoencoder(given: AutoencoderTiny, *, seed: int) -> AutoencoderTiny:
    """The encoder of `given` with a decoder of today's shape that knows what `given`'s knows of it.

    A stage takes over the first of its blocks; blocks it has besides pass their input on. What comes after the last
    blocks is new.
    """
    torch.manual_seed(seed)
    small = make_autoencoder()
    small.encoder.load_state_dict(given.encoder.state_dict())
    old, new = _stages(given.decoder), _stages(small.decoder)
    for before, after in zip(old[:-1], new[:-1], strict=True):
        for index, layer in enumerate(after):
            if index < len(before) and type(before[index]) is type(layer):
                layer.load_state_dict(before[index].state_dict())
            else:  # a block: its last layer silent, its input goes through
                torch.nn.init.zeros_(layer.conv[-1].weight)  # type: ignore[union-attr,index,arg-type]
                torch.nn.init.zeros_(layer.conv[-1].bias)  # type: ignore[union-attr,index,arg-type]
    return small


def _stages(decoder: torch.nn.Module) -> list[list[torch.nn.Module]]:
    """The layers with weights or blocks, cut at each enlargement; each stage begins with its convolution."""
    stages: list[list[torch.nn.Module]] = [[]]
    for layer in decoder.layers:  # type: ignore[union-attr]
        if isinstance(layer, torch.nn.Upsample):
            stages.append([])
        elif any(True for _ in layer.parameters()):
            stages[-1].append(layer)
    return stages


def train_smaller_decoder(
    caches: Sequence[Cache],
    given: AutoencoderTiny,
    trained: Trained,
    tokenizer: CLIPTokenizer,
    path: Path,
    *,
    steps: int,
    seed: int,
    device: torch.device,
    member: Member,
    batch: int = 16,
    cells: int = 16,
    peak_rate: float = 1e-3,
    save_every: int = 200,
) -> AutoencoderTiny:
    """Train, or go on training, a decoder of today's shape for the U-Net in `trained`; checkpoints go to `path`.

    Returns the autoencoder with the average of the decoder's weights.
    """
    small = smaller_autoencoder(given, seed=seed)
    teacher = given.decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    model = small.decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for part in (*trained.modules().values(), teacher):
        part.to(device).eval()
    run = OneNetwork(model, path, steps=steps, peak_rate=peak_rate, member=member)
    for step, facts in report_steps(path.stem, run.first, steps, quiet=not member.leads):
        rng, noise_source = step_generators(seed, step, member.rank)
        found = some_answers(
            trained,
            caches,
            small,
            tokenizer,
            rng,
            noise_source,
            pairs=batch // 4 // member.size,
            cells=cells,
            device=device,
        )
        with torch.no_grad(), mixed_precision(device):
            imitated = teacher(found.drawn.contiguous(memory_format=torch.channels_last)).float()
        latents = torch.cat([found.drawn, found.wanted])
        with mixed_precision(device):
            pictures = model(latents.contiguous(memory_format=torch.channels_last)).float()
        one, other = pictures.chunk(2)
        imitation, truth = picture_loss(one, imitated), picture_loss(other, found.pictures)
        facts["imitation"], facts["truth"] = float(imitation.detach()), float(truth.detach())
        run.learn(step, imitation + 0.5 * truth)
        if member.leads and ((step + 1) % save_every == 0 or step + 1 == steps):
            run.save(step + 1)
    model.load_state_dict(run.average.state_dict())
    return small.eval()
