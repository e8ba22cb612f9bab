"""The autoencoder: pictures to 16-channel latents at an eighth of the size, and back.

An AutoencoderTiny of width 32. Its encoder is linear and computed (`principal.py`), so latents are
known before anything is trained and the denoiser needn't wait; its decoder is trained here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny

from training.data import Cache
from training.one_network import OneNetwork
from training.principal import RAW_DEVIATION, sample_patches, set_colour_path, set_encoder
from training.stage import mixed_precision, report_steps, step_generators
from training.team import Member

LATENT_CHANNELS = 16
# Noise added to latents before decoding: the decoder then forgives the denoiser's small errors.
LATENT_NOISE = 0.03


def make_autoencoder(*, width: int = 32) -> AutoencoderTiny:
    """A new autoencoder with random weights.

    Nothing is drawn at the full size, where a block of this width costs as much as all the rest: the picture is one
    convolution of its last features, enlarged.
    """
    vae = AutoencoderTiny(
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        latent_channels=LATENT_CHANNELS,
        num_encoder_blocks=(0, 0, 0, 0),
        num_decoder_blocks=(4, 4, 1, 0),
        scaling_factor=1 / RAW_DEVIATION,
    )
    hold_last_upsampling(vae.decoder)
    return vae


@torch.no_grad()
def hold_last_upsampling(decoder: torch.nn.Module) -> None:
    """Let the convolution after the last enlargement pass its input on, and not learn.

    AutoencoderTiny has it, another linear layer follows at once, and the engine leaves out what does nothing
    (`streamv2v/models/last_upsampling.py`).
    """
    last = decoder.layers[-2].weight  # type: ignore[union-attr,index]
    torch.nn.init.dirac_(last)  # type: ignore[arg-type]
    last.requires_grad_(False)  # type: ignore[operator,union-attr]


def start_autoencoder(cache: Cache, *, seed: int) -> AutoencoderTiny:
    """The autoencoder before training: the computed encoder, a decoder that knows colours."""
    torch.manual_seed(seed)
    vae = make_autoencoder()
    set_colour_path(vae, set_encoder(vae, sample_patches(cache, seed=seed)))
    return vae


def picture_loss(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """L1 + gradients + low frequencies + chroma, on pictures in -1..1, [B, 3, H, W].

    Luminance is learned long before colour, hence the extra weight on the mean-removed RGB.
    """
    error = drawn - wanted
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    across = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
    low = F.avg_pool2d(error, 8)
    chroma = F.avg_pool2d(error - error.mean(dim=1, keepdim=True), 4)
    return error.abs().mean() + 0.5 * (down + across) + low.abs().mean() + 2 * chroma.abs().mean()


def picture_batch(cache: Cache, rng: np.random.Generator, *, batch: int, crop: int) -> torch.Tensor:
    """Crops of photos and of targets, half and half, in -1..1, [B, 3, crop, crop]."""
    count, kinds, size = cache.targets.shape[:3]
    out = np.empty((batch, crop, crop, 3), np.uint8)
    for i in range(batch):
        n, k = int(rng.integers(count)), int(rng.integers(kinds))
        picture = cache.sources[n] if rng.random() < 0.5 else cache.targets[n, k]
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
    """Train, or go on training, the autoencoder; returns it with the average of its weights.

    Checkpoints go to `folder/autoencoder.pt`.
    """
    vae = start_autoencoder(cache, seed=seed)
    vae.encoder.to(device)
    model = vae.decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = OneNetwork(model, folder / "autoencoder.pt", steps=steps, peak_rate=peak_rate, member=member)
    for step, facts in report_steps("autoencoder", run.first, steps, quiet=not member.leads):
        rng, noise = step_generators(seed, step, member.rank)
        pictures = picture_batch(cache, rng, batch=batch // member.size, crop=crop).to(
            device, memory_format=torch.channels_last
        )
        with torch.no_grad():
            latents = vae.encoder(pictures)
        shaken = latents + LATENT_NOISE * torch.randn(latents.shape, generator=noise).to(device)
        with mixed_precision(device):
            drawn = model(shaken.contiguous(memory_format=torch.channels_last))
        loss = picture_loss(drawn.float(), pictures)
        run.learn(step, loss)
        facts["loss"] = float(loss.detach())
        if member.leads and ((step + 1) % save_every == 0 or step + 1 == steps):
            run.save(step + 1, encoder=vae.encoder.state_dict())
    vae.decoder.load_state_dict(run.average.state_dict())
    return vae.eval()
