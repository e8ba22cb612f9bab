"""LoRAs: found, loaded with their scales and fused into the weights, so that a frame pays nothing for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from ..config import Lora
from ..errors import ModelError
from .hub import Progress
from .lora_files import check_lora_file
from .lora_sources import find_lora
from .lycoris import fuse_lycoris
from .lycoris_files import is_lycoris
from .parts import as_model_error, check_finite
from .sdxl import is_sdxl
from .weight_files import read_table


def fuse_loras(
    pipe: Any, loras: Sequence[Lora], *, offline: bool, cache_dir: str | None, progress: Progress
) -> list[str]:
    """Fuse all `loras` into the pipeline's U-Net and text encoders, each with its own scale.

    Returns:
        what was accepted with a loss, a line each.
    Raises:
        ModelError: one that is missing, of another family, or not safetensors.
    """
    if not loras:
        return []
    pairs: dict[str, Lora] = {}
    others: list[tuple[Lora, Path]] = []
    warned: list[str] = []
    for number, lora in enumerate(loras):
        progress(f"adding LoRA {lora.source}", number / len(loras))
        path = find_lora(lora.source, offline=offline, cache_dir=cache_dir, warn=warned.append)
        wanted = check_lora_file(path, width=_text_width(pipe), sdxl=is_sdxl(pipe.unet.config))
        if is_lycoris(read_table(path).tensors):
            others.append((lora, path))
        else:
            pairs[f"lora{number}"] = lora
            warned += _load(pipe, lora, path, f"lora{number}", wanted)
    if pairs:
        with as_model_error("The LoRAs"):
            pipe.set_adapters(list(pairs), adapter_weights=[lora.scale for lora in pairs.values()])
            pipe.fuse_lora(components=list(pipe.get_list_adapters()), adapter_names=list(pairs), lora_scale=1.0)
            pipe.unload_lora_weights()
    for lora, path in others:
        warned += _fuse_other(pipe, lora, path)
    sources = ", ".join(lora.source for lora in loras)
    for name, network in networks_of(pipe).items():
        check_finite(network, f"With {sources} added the {name}")
    return warned


def networks_of(pipe: Any) -> dict[str, Any]:
    """What a LoRA may change, by its name for people; a second text encoder where the model has one."""
    found = {"U-Net": pipe.unet, "text encoder": pipe.text_encoder}
    second = getattr(pipe, "text_encoder_2", None)
    return found if second is None else {**found, "second text encoder": second}


def _load(pipe: Any, lora: Lora, path: Path, name: str, wanted: int) -> list[str]:
    """Add one LoRA of plain pairs; what of it fits nothing is told."""
    with as_misfit(lora):
        pipe.load_lora_weights(
            str(path.parent), weight_name=path.name, adapter_name=name, use_safetensors=True, local_files_only=True
        )
    fitted = sum(_layers_with(network, name) for network in networks_of(pipe).values())
    return told_of(lora, fitted, wanted)


def _fuse_other(pipe: Any, lora: Lora, path: Path) -> list[str]:
    """Fuse one LoRA of another kind; what of it fits nothing is told."""
    with as_misfit(lora):
        return told_of(lora, *fuse_lycoris(path, networks_of(pipe), lora.scale))


@contextlib.contextmanager
def as_misfit(lora: Lora) -> Iterator[None]:
    """Turn whatever a library raises for a LoRA that does not fit into one line."""
    try:
        yield
    except (ModelError, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(
            f"The LoRA {lora.source} could not be added: it does not fit this model ({type(error).__name__}: {reason})."
        ) from error


def told_of(lora: Lora, fitted: int, wanted: int) -> list[str]:
    """What of a LoRA fits nothing, a line.

    Raises:
        ModelError: nothing of it fits.
    """
    if not fitted:
        raise ModelError(f"The LoRA {lora.source} fits no layer of this model; it is of another model family.")
    if fitted < wanted:
        return [f"Of the LoRA {lora.source} {wanted - fitted} of {wanted} layers fit nothing in this model."]
    return []


def _layers_with(network: Any, name: str) -> int:
    return sum(name in getattr(layer, "lora_A", ()) for layer in network.modules())


def _text_width(pipe: Any) -> int:
    width = pipe.unet.config.cross_attention_dim
    return width if isinstance(width, int) else 0
