"""Picture to latent and back, for the full and the tiny VAE; value ranges in one place.

Pictures are float -1..1, `[1, 3, H, W]`; latents are scaled as the U-Net expects them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .networks import plain_decoder, plain_encoder


class Codec:
    """A VAE of the Stable Diffusion family: AutoencoderKL or AutoencoderTiny.

    Encoding is deterministic: a KL VAE gives its mean, never a sample, since sampling noise flickers.

    Attributes:
        encoder, decoder: the VAE's two halves as in `Networks`; may be exchanged between two frames.
    """

    def __init__(self, vae: Any, dtype: torch.dtype) -> None:
        self.encoder, self.decoder = plain_encoder(vae), plain_decoder(vae)
        self._vae_dtype, self._dtype = vae.dtype, dtype
        self._scale = float(getattr(vae.config, "scaling_factor", None) or 1.0)
        self._shift = float(getattr(vae.config, "shift_factor", None) or 0.0)

    def encode(self, picture: Tensor) -> Tensor:
        """`[1, 3, H, W]` -1..1 -> latent `[1, C, h, w]` in the stream's dtype."""
        return (self.encoder(picture.to(self._vae_dtype)).to(self._dtype) - self._shift) * self._scale

    def decode(self, latent: Tensor) -> Tensor:
        """Latent `[1, C, h, w]` -> `[1, 3, H, W]`, about -1..1, not clamped."""
        return self.decoder((latent / self._scale + self._shift).to(self._vae_dtype))
