"""LoRAs: found, loaded with their scales and fused into the weights, so that a frame pays nothing for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..config import Lora, StreamConfig
from ..errors import ModelError
from .hub import Progress, check_lora, home_path

FEW_STEP_WORDS = ("lcm", "turbo", "lightning", "hyper", "dmd")
SD15_TEXT_WIDTH = 768


def wanted_loras(config: StreamConfig, unet_config: Any, scheduler: Any) -> tuple[Lora, ...]:
    """The configured LoRAs, and LCM-LoRA first where the model is not few-step by itself.

    Raises:
        ModelError: LCM-LoRA is needed and there is none for this model's text width.
    """
    if config.lcm == "off" or (config.lcm == "auto" and is_few_step(config, unet_config, scheduler)):
        return config.loras
    width = unet_config.cross_attention_dim
    own_choice = config.lcm_lora != StreamConfig.lcm_lora
    if width != SD15_TEXT_WIDTH and not own_choice:
        raise ModelError(
            f"{config.model} needs many steps and there is no LCM-LoRA for its text width {width} (SD 1.5 has "
            f"{SD15_TEXT_WIDTH}). Choose a few-step model (stabilityai/sd-turbo), name an LCM-LoRA for it, "
            "or set lcm off."
        )
    return (Lora(config.lcm_lora), *config.loras)


def is_few_step(config: StreamConfig, unet_config: Any, scheduler: Any) -> bool:
    """Whether the model draws a picture in 1-4 steps by itself (LCM, Turbo, Lightning, Hyper, ...)."""
    names = [config.model, *(lora.source for lora in config.loras)]
    return (
        type(scheduler).__name__ == "LCMScheduler"
        or getattr(unet_config, "time_cond_proj_dim", None) is not None
        or getattr(scheduler.config, "timestep_spacing", None) == "trailing"
        or any(word in Path(name).name.lower() for name in names for word in FEW_STEP_WORDS)
    )


def fuse_loras(pipe: Any, loras: Sequence[Lora], *, offline: bool, cache_dir: str | None, progress: Progress) -> None:
    """Fuse all `loras` into the pipeline's U-Net and text encoder, each with its own scale.

    Raises:
        ModelError: one that is missing, of another family, or not safetensors.
    """
    if not loras:
        return
    names = []
    for number, lora in enumerate(loras):
        progress(f"adding LoRA {lora.source}", number / len(loras))
        names.append(f"lora{number}")
        _load(pipe, lora, names[-1], offline, cache_dir)
    pipe.set_adapters(names, adapter_weights=[lora.scale for lora in loras])
    pipe.fuse_lora(components=_components(pipe), adapter_names=names, lora_scale=1.0)
    pipe.unload_lora_weights()


def _load(pipe: Any, lora: Lora, name: str, offline: bool, cache_dir: str | None) -> None:
    check_lora(lora.source)
    path = home_path(lora.source)
    source, options = (str(path.parent), {"weight_name": path.name}) if path.is_file() else (lora.source, {})
    try:
        pipe.load_lora_weights(
            source,
            adapter_name=name,
            use_safetensors=True,
            local_files_only=offline,
            cache_dir=cache_dir,
            **options,
        )
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"The LoRA {lora.source} could not be added ({type(error).__name__}: {reason}). "
            "It may be of another model family, or not a LoRA at all."
        ) from error
    if name not in {adapter for names in pipe.get_list_adapters().values() for adapter in names}:
        raise ModelError(f"The LoRA {lora.source} fits no layer of this model; it is of another model family.")


def _components(pipe: Any) -> list[str]:
    return list(pipe.get_list_adapters())
