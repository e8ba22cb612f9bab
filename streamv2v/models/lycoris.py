"""LoHa, LoKr, IA3 and DoRA fused into the weights: what peft makes of them at full scale, as far as is asked for.

Each layer is given to peft by itself, so that what its tensors are is read from the file and not from a
configuration, which files of this kind do not carry. Weight decomposition (DoRA, arXiv:2402.09353) is applied here,
because it may go with any of them and its magnitudes are those of rows or of columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from .lora_changes import Change
from .lycoris_files import PARTS, LayerFile, layers_of
from .original_names import as_diffusers
from .weight_files import read_table

Weights = dict[str, torch.Tensor]
_PREFIXES = ("lora_unet_", "lycoris_", "unet.")
_TEXT_PREFIXES = ("lora_te_", "lora_te1_", "text_encoder.")
_SECOND_PREFIXES = ("lora_te2_", "text_encoder_2.")
_NAME = "lora"


def fuse_lycoris(path: Path, networks: Mapping[str, Any], scale: float) -> tuple[int, int]:
    """Fuse a file into the networks it is for.

    Args:
        networks: "U-Net", "text encoder" and, where the model has one, "second text encoder".
        scale: 0 changes nothing, 1 is the file's own measure; what lies between goes in a straight line.
    Returns:
        layers that fitted, and layers in the file.
    Raises:
        ModelError: the file is not whole.
        ValueError, RuntimeError: tensors that are not of the layer's shape.
    """
    changes, many = lycoris_changes(path, networks)
    with torch.no_grad():
        for change in changes:
            weight = change.layer.weight
            weight.copy_(change.changed(weight.float(), scale))
    return len(changes), many


def lycoris_changes(path: Path, networks: Mapping[str, Any]) -> tuple[list[Change], int]:
    """What a file changes of the layers it is for, and how many layers it has.

    Raises:
        ModelError: the file is not whole.
    """
    from safetensors.torch import load_file

    layers = layers_of(read_table(path))
    weights = load_file(str(path))
    targets = dict(_targets(networks))
    names = as_diffusers(layers, networks["U-Net"].config)
    changes = []
    for name, told in layers.items():
        layer = targets.get(_key(names[name]))
        if layer is not None:
            own = {part: weights[tensor] for part, tensor in told.names.items()}
            changes.append(Change(layer, partial(_difference, layer, told, own)))
    return changes, len(layers)


def _difference(layer: Any, told: LayerFile, own: Weights, weight: torch.Tensor) -> torch.Tensor:
    """What a file makes of a weight, less that weight."""
    own = {part: tensor.to(weight.device).float() for part, tensor in own.items()}
    return _decomposed(_merged(layer, told, own, weight), own.get("dora_scale")) - weight


def _targets(networks: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each layer that can be changed, by the letters of its name alone."""
    for start, network in networks.items():
        for name, layer in network.named_modules():
            if isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)):
                yield _letters(start, name), layer


def _key(name: str) -> str:
    name = name.removeprefix("base_model.model.")
    starts = (("text encoder", _TEXT_PREFIXES), ("second text encoder", _SECOND_PREFIXES))
    start = next((start for start, prefixes in starts if name.startswith(prefixes)), "U-Net")
    for prefix in (*_PREFIXES, *_TEXT_PREFIXES, *_SECOND_PREFIXES):
        name = name.removeprefix(prefix)
    return _letters(start, name)


def _letters(start: str, name: str) -> str:
    # kohya writes every dot as _, and libraries differ in whether the text encoder is within a text_model
    return start + " " + re.sub(r"[._]", "", name).removeprefix("textmodel")


def _merged(layer: Any, told: LayerFile, own: Weights, weight: torch.Tensor) -> torch.Tensor:
    """The layer's weight, float32, with one file's change in full, as peft merges it."""
    from peft import inject_adapter_in_model

    holder = torch.nn.Module()
    holder.layer = _copied(layer, weight)
    inject_adapter_in_model(_config(told, own), holder, _NAME)
    adapted: Any = holder.layer
    for part, numbers in _as_peft(told, own, layer).items():
        owner = getattr(adapted, part)
        if part.startswith("lora_"):
            if owner[_NAME].weight.shape != numbers.shape:
                raise ValueError(f"{tuple(numbers.shape)} where {tuple(owner[_NAME].weight.shape)} fit")
            owner[_NAME].weight.copy_(numbers)
        else:
            owner[_NAME] = torch.nn.Parameter(numbers, requires_grad=False)
    for part in (name for name in PARTS if name.startswith(("hada_", "lokr_")) and name not in own):
        # peft decides for itself which of them a layer has
        if _NAME in getattr(adapted, part, {}):
            del getattr(adapted, part)[_NAME]
    adapted.merge()
    return adapted.get_base_layer().weight


def _copied(layer: Any, weight: torch.Tensor) -> Any:
    """A layer of the same shape with a weight of its own in float32, and nothing of the network around it."""
    if isinstance(layer, torch.nn.Linear):
        made: Any = torch.nn.Linear(layer.in_features, layer.out_features, bias=False, device=weight.device)
    else:
        made = torch.nn.Conv2d(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,  # pyright: ignore[reportArgumentType]
            groups=layer.groups,
            bias=False,
            device=weight.device,
        )
    made.weight.copy_(weight)
    return made


def _config(told: LayerFile, own: Weights) -> Any:
    from peft import IA3Config, LoHaConfig, LoKrConfig, LoraConfig

    rank = _rank(own)
    alpha = float(own["alpha"]) if "alpha" in own else float(rank)
    if {"lokr_w1", "lokr_w2"} <= set(own):
        # both factors whole: there is no rank that a scale could be of
        alpha = float(rank)
    alpha *= float(own.get("scalar", 1.0))
    if told.kind == "LoRA":
        return LoraConfig(r=rank, lora_alpha=alpha, target_modules=["layer"])  # pyright: ignore[reportArgumentType]
    if told.kind == "IA3":
        into = ["layer"] if bool(own["on_input"]) else []
        return IA3Config(target_modules=["layer"], feedforward_modules=into)
    if told.kind == "LoHa":
        return LoHaConfig(r=rank, alpha=alpha, target_modules=["layer"])  # pyright: ignore[reportArgumentType]
    return LoKrConfig(r=rank, alpha=alpha, target_modules=["layer"])  # pyright: ignore[reportArgumentType]


def _rank(own: Weights) -> int:
    for part in ("down", "hada_w1_b", "lokr_w2_b", "lokr_w1_b"):
        if part in own:
            return own[part].shape[0]
    return 1


def _as_peft(told: LayerFile, own: Weights, layer: Any) -> Weights:
    """The tensors under the names that peft's layer has."""
    if told.kind == "LoRA":
        down, up = own["down"], own["up"]
        if isinstance(layer, torch.nn.Linear):
            # a linear layer that was a convolution of 1 x 1 when it was trained
            return {"lora_A": down.flatten(1), "lora_B": up.flatten(1)}
        down = down if down.dim() == 4 else down.reshape(down.shape[0], -1, *layer.kernel_size)
        return {"lora_A": down, "lora_B": up.reshape(*up.shape[:2], 1, 1)}
    if told.kind == "IA3":
        # trained around 0, applied as a factor
        return {"ia3_l": 1 + own["weight"].reshape(_ia3_shape(layer, bool(own["on_input"])))}
    return {part: weight for part, weight in own.items() if part.startswith(("hada_", "lokr_"))}


def _ia3_shape(layer: Any, on_input: bool) -> tuple[int, ...]:
    if isinstance(layer, torch.nn.Linear):
        return (1, layer.in_features) if on_input else (layer.out_features, 1)
    return (1, layer.in_channels if on_input else layer.out_channels, 1, 1)


def _decomposed(weight: torch.Tensor, magnitude: torch.Tensor | None) -> torch.Tensor:
    """The weight with the lengths that were learned: of its rows, or of its columns where the file has one for each.

    Args:
        weight: `[out, in, ...]`.
        magnitude: `[out, 1, ...]`, `[out]`, or `[1, in, ...]`; None leaves the lengths as they are.
    """
    if magnitude is None:
        return weight
    rows = weight.flatten(1)
    ones = (1,) * (weight.dim() - 2)
    if magnitude.numel() == weight.shape[0] and not (
        magnitude.dim() > 1 and magnitude.shape[0] == 1 != weight.shape[0]
    ):
        return weight * (magnitude.reshape(-1, 1) / rows.norm(dim=1, keepdim=True)).reshape(-1, 1, *ones)
    if magnitude.numel() != weight.shape[1]:
        raise ValueError(f"{magnitude.numel()} magnitudes where {weight.shape[0]} or {weight.shape[1]} fit")
    columns = weight.transpose(0, 1).flatten(1).norm(dim=1)
    return weight * (magnitude.flatten() / columns).reshape(1, -1, *ones)
