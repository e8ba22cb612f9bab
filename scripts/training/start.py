"""Going on from an exported model instead of from random weights."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from transformers import CLIPTextModel

from training.autoencoder import make_autoencoder
from training.copying import begin_as_copy
from training.denoiser import Trained


def given_autoencoder(folder: Path) -> AutoencoderTiny:
    """The autoencoder of an exported model, in float32."""
    vae = make_autoencoder()
    vae.load_state_dict(AutoencoderTiny.from_pretrained(folder / "vae").float().state_dict())
    return vae


def take_over(trained: Trained, folder: Path) -> None:
    """Load the weights of the exported model in `folder`; what it doesn't have stays as it is, or does nothing.

    A last attention that is new there begins as a copy again, fitted to the loaded features.

    Raises:
        RuntimeError: a layer has another shape there.
    """
    given = UNet2DConditionModel.from_pretrained(folder / "unet").float().state_dict()
    new = set(trained.unet.state_dict()) - set(given)
    trained.unet.load_state_dict(given, strict=False)
    with torch.no_grad():
        for name, weights in trained.unet.named_parameters():
            if name in new and ".proj_out." in name:
                weights.zero_()
    if any(".transformer_blocks." in name for name in new):
        begin_as_copy(trained.unet)
    trained.text_encoder.load_state_dict(CLIPTextModel.from_pretrained(folder / "text_encoder").float().state_dict())
