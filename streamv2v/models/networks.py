"""The three networks of a frame as plain callables: what something else may take the place of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor


class Networks(NamedTuple):
    """What is called once a frame, tensors in and tensors out, in the networks' own number format.

    Attributes:
        encoder: picture `[1, 3, H, W]`, -1..1 -> latent `[1, C, h, w]`, not scaled; a KL VAE's mean.
        unet: called as a `UNet2DConditionModel` is: sample, timesteps, `encoder_hidden_states`,
            `return_dict=False` and, for models distilled with guidance, `timestep_cond`.
        decoder: latent `[1, C, h, w]`, not scaled -> picture `[1, 3, H, W]`.
    """

    encoder: Callable[[Tensor], Tensor]
    unet: Callable[..., Any]
    decoder: Callable[[Tensor], Tensor]


def plain_encoder(vae: Any) -> Callable[[Tensor], Tensor]:
    """The encoding half of a diffusers VAE, full or tiny."""

    def encode(picture: Tensor) -> Tensor:
        encoded = vae.encode(picture)
        return encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents

    return encode


def plain_decoder(vae: Any) -> Callable[[Tensor], Tensor]:
    """The decoding half of a diffusers VAE, full or tiny."""

    def decode(latent: Tensor) -> Tensor:
        return vae.decode(latent, return_dict=False)[0]

    return decode
