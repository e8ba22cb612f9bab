"""Picture to latent and back, for the full and the tiny VAE; value ranges in one place.

Pictures are float -1..1, `[1, 3, H, W]`; latents are scaled as the U-Net expects them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Codec:
    """A VAE of the Stable Diffusion family: AutoencoderKL or AutoencoderTiny.

    Encoding is deterministic: a KL VAE gives its mean, never a sample, since sampling noise flickers.
    """

    def __init__(self, vae: Any, dtype: torch.dtype) -> None:
        self._vae = vae
        self._dtype = dtype
        self._scale = float(getattr(vae.config, "scaling_factor", None) or 1.0)
        self._shift = float(getattr(vae.config, "shift_factor", None) or 0.0)

    def encode(self, picture: Tensor) -> Tensor:
        """`[1, 3, H, W]` -1..1 -> latent `[1, C, h, w]` in the stream's dtype."""
        encoded = self._vae.encode(picture.to(self._vae.dtype))
        latent = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        return (latent.to(self._dtype) - self._shift) * self._scale

    def decode(self, latent: Tensor) -> Tensor:
        """Latent `[1, C, h, w]` -> `[1, 3, H, W]`, about -1..1, not clamped."""
        return self._vae.decode((latent / self._scale + self._shift).to(self._vae.dtype), return_dict=False)[0]
