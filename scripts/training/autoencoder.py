"""The autoencoder: pictures to 16-channel latents at an eighth of the size, and back.

An AutoencoderTiny of width 32. The encoder has no block at full size, the decoder one: it is where
lines are drawn, and where most of the time of a frame goes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny

from training.data import Cache
from training.stage import (
    follow,
    learning_rate,
    load_checkpoint,
    report_steps,
    save_checkpoint,
    set_learning_rate,
    step_generators,
)
from training.team import Member

LATENT_CHANNELS = 16
# Noise added to latents before decoding: the decoder then forgives the denoiser's small errors.
LATENT_NOISE = 0.06


def make_autoencoder(*, width: int = 32) -> AutoencoderTiny:
    """A new autoencoder with random weights; scaling_factor is set when it is exported."""
    return AutoencoderTiny(
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        latent_channels=LATENT_CHANNELS,
        num_encoder_blocks=(0, 1, 2, 3),
        num_decoder_blocks=(3, 2, 1, 1),
        scaling_factor=1.0,
    )


def picture_loss(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """L1 + gradients + low frequencies + chroma, on pictures in -1..1, [B, 3, H, W].

    Luminance is learned long before colour, hence the extra weight on the mean-removed RGB.
    """
    error = drawn - wanted
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    across = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
    low = F.avg_pool2d(error, 8)
    chroma = F.avg_pool2d(error - error.mean(dim=1, keepdim=True), 4)
    return error.abs().mean() + 0.5 * (down + across) + low.abs().mean() + chroma.abs().mean()


def picture_batch(cache: Cache, rng: np.random.Generator, *, batch: int, crop: int) -> torch.Tensor:
    """Crops of photos (40 %) and of targets (60 %), in -1..1, [B, 3, crop, crop]."""
    count, kinds, size = cache.targets.shape[:3]
    out = np.empty((batch, crop, crop, 3), np.uint8)
    for i in range(batch):
        n, k = int(rng.integers(count)), int(rng.integers(kinds))
        picture = cache.sources[n] if rng.random() < 0.4 else cache.targets[n, k]
        top, left = 8 * rng.integers(0, (size - crop) // 8 + 1, 2)
        out[i] = picture[top : top + crop, left : left + crop]
    return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 127.5 - 1


def train_autoencoder(
    cache: Cache,
    folder: Path,
    *,
    steps: int,
    seed: int,
    device: torch.device,
    member: Member,
    batch: int = 16,
    crop: int = 96,
    peak_rate: float = 2e-3,
    save_every: int = 300,
) -> AutoencoderTiny:
    """Train, or go on training, the autoencoder; returns the average of its weights.

    Checkpoints go to `folder/autoencoder.pt`.
    """
    torch.manual_seed(seed)
    model, average = make_autoencoder(), make_autoencoder()
    average.load_state_dict(model.state_dict())
    model.to(device, memory_format=torch.channels_last)
    average.to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak_rate, betas=(0.9, 0.98), weight_decay=1e-4)
    first = 0
    if state := load_checkpoint(folder / "autoencoder.pt"):
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    for step, facts in report_steps("autoencoder", first, steps, quiet=not member.leads):
        rng, noise = step_generators(seed, step, member.rank)
        pictures = picture_batch(cache, rng, batch=batch // member.size, crop=crop).to(
            device, memory_format=torch.channels_last
        )
        set_learning_rate(optimiser, learning_rate(step, steps, peak=peak_rate))
        with torch.autocast(device.type, torch.bfloat16):
            latents = model.encoder(pictures)
            shaken = latents + LATENT_NOISE * torch.randn(latents.shape, generator=noise).to(device)
            drawn = model.decoder(shaken)
        loss = picture_loss(drawn.float(), pictures)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        member.average_gradients(model.parameters())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        follow(average, model, decay=min(0.995, (step + 1) / (step + 10)))
        facts["loss"] = float(loss.detach())
        if member.leads and ((step + 1) % save_every == 0 or step + 1 == steps):
            state = {"model": model.state_dict(), "average": average.state_dict()}
            state |= {"optimiser": optimiser.state_dict(), "step": step + 1}
            save_checkpoint(folder / "autoencoder.pt", state)
    return average.eval()
