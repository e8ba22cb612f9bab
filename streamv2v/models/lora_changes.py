"""What a LoRA of plain pairs changes of each layer, as diffusers and peft read it, the running networks untouched."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import ModelError
from .sdxl import is_sdxl

_NAME = "lora"


@dataclass(frozen=True, eq=False)
class Change:
    """What one LoRA changes of one layer.

    Attributes:
        layer: of the running network.
        difference: from a weight, float32, to what is added to it at a scale of 1, on the same device.
    """

    layer: Any
    difference: Callable[[Tensor], Tensor]

    def changed(self, weight: Tensor, scale: float) -> Tensor:
        """`weight`, float32, with this LoRA at that scale."""
        return weight + scale * self.difference(weight)


def pair_changes(path: Path, networks: Mapping[str, Any]) -> list[Change]:
    """What a file of plain pairs, in the names of whatever trainer, changes of the layers it fits.

    diffusers loads it into outlines of the networks, which have every layer and no weight; what it made of the file's
    names, ranks and alphas is read from there.

    Args:
        networks: "U-Net", "text encoder" and, where the model has one, "second text encoder".
    Raises:
        ModelError: it carries biases as well.
        Exception: whatever diffusers and peft raise for a file that does not fit.
    """
    outlines = _outlines(networks)
    pipe = _pipeline(outlines)
    pipe.load_lora_weights(
        str(path.parent), weight_name=path.name, adapter_name=_NAME, use_safetensors=True, local_files_only=True
    )
    changes = []
    for name, outline in outlines.items():
        for place, layer in outline.named_modules():
            if _NAME not in getattr(layer, "lora_A", ()):
                continue
            if getattr(layer, "lora_bias", {}).get(_NAME):
                raise ModelError(
                    f"The LoRA {path.name} carries biases, which cannot be put on live. Name it with --lora."
                )
            changes.append(Change(networks[name].get_submodule(place), _of_pair(layer)))
    return changes


def _of_pair(layer: Any) -> Callable[[Tensor], Tensor]:
    """The difference of one adapted layer of an outline."""

    def difference(weight: Tensor) -> Tensor:
        # moved and not copied: the file's numbers are small, and wanted again at every change of a scale
        for half in (layer.lora_A, layer.lora_B):
            half[_NAME].to(weight.device, torch.float32)
        return layer.get_delta_weight(_NAME).reshape(weight.shape)

    return difference


def _outlines(networks: Mapping[str, Any]) -> dict[str, Any]:
    """The networks without their weights: layers alone, and none of what was hung on the running ones."""
    with torch.device("meta"):
        found = {
            name: type(network).from_config(_plain(network.config))
            if name == "U-Net"
            else type(network)(network.config)
            for name, network in networks.items()
        }
    for outline in found.values():
        for layer in outline.modules():
            for kept in (layer._parameters, layer._buffers):
                kept.update({name: _outlined(tensor) for name, tensor in kept.items() if tensor is not None})
    return found


def _outlined(tensor: Tensor) -> Tensor:
    """One zero that is seen everywhere in a tensor of that shape: peft puts its own on the device of what it finds."""
    zero = torch.zeros((), dtype=tensor.dtype, device="cpu").expand(tensor.shape)
    return torch.nn.Parameter(zero, requires_grad=False) if isinstance(tensor, torch.nn.Parameter) else zero


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A U-Net's configuration without the mark that an IP-Adapter leaves in it, which no fresh one takes."""
    marked = config.get("encoder_hid_dim_type") == "ip_image_proj"
    return {**config, "encoder_hid_dim_type": None} if marked else dict(config)


def _pipeline(outlines: Mapping[str, Any]) -> Any:
    """A pipeline of the outlines, which knows how LoRAs for them are read."""
    parts: dict[str, Any] = {
        "vae": None,
        "unet": outlines["U-Net"],
        "text_encoder": outlines["text encoder"],
        "tokenizer": None,
        "scheduler": None,
    }
    if is_sdxl(outlines["U-Net"].config):
        second = {"text_encoder_2": outlines["second text encoder"], "tokenizer_2": None}
        return reading_pipeline(sdxl=True)(**parts, **second, add_watermarker=False)
    unsafe = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return reading_pipeline(sdxl=False)(**parts, **unsafe)


def reading_pipeline(*, sdxl: bool) -> Any:
    """diffusers' class that reads LoRAs of a family, with all that it needs imported.

    That takes a second or more of Python's one lock, so it is asked for before there are frames to wait for it.
    """
    importlib.import_module("peft")
    if sdxl:
        return importlib.import_module("diffusers.pipelines.stable_diffusion_xl").StableDiffusionXLPipeline
    return importlib.import_module("diffusers.pipelines.stable_diffusion").StableDiffusionPipeline
