"""Whether a model draws in 1-4 steps by itself, and which LCM-LoRA makes it do so where it does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..config import Lora, StreamConfig
from ..errors import ModelError
from .sdxl import is_sdxl

FEW_STEP_WORDS = ("lcm", "lcmlora", "turbo", "lightning", "hyper", "hypersd", "dmd", "sdxs", "tcd")
SD15_TEXT_WIDTH = 768
SDXL_LCM_LORAS = {
    10: "latent-consistency/lcm-lora-sdxl",
    4: "latent-consistency/lcm-lora-ssd-1b",
    2: "segmind/Segmind-VegaRT",
}
"""By the attention layers of a U-Net's deepest blocks: SDXL's, SSD-1B's, Vega's."""


def wanted_loras(config: StreamConfig, unet_config: Any, scheduler: Any) -> tuple[Lora, ...]:
    """The configured LoRAs, and LCM-LoRA first where the model is not few-step by itself.

    Raises:
        ModelError: LCM-LoRA is needed and there is none for this model.
    """
    if config.lcm == "off" or (config.lcm == "auto" and is_few_step(config, unet_config, scheduler)):
        return config.loras
    source = config.lcm_lora if config.lcm_lora != StreamConfig.lcm_lora else lcm_lora_for(unet_config)
    if not source:
        width = unet_config.cross_attention_dim
        raise ModelError(
            f"{config.model} needs many steps and there is no LCM-LoRA for its text width {width} (SD 1.5 has "
            f"{SD15_TEXT_WIDTH}). Choose a few-step model (stabilityai/sd-turbo), name an LCM-LoRA for it, "
            "or set lcm off."
        )
    if any(lora.source == source for lora in config.loras):
        return config.loras
    return (Lora(source), *config.loras)


def lcm_lora_for(unet_config: Any) -> str:
    """The LCM-LoRA that was made for a U-Net of this shape; "" where none was."""
    if is_sdxl(unet_config):
        depths = unet_config.transformer_layers_per_block
        deepest = depths if isinstance(depths, int) else depths[-1]
        return SDXL_LCM_LORAS.get(deepest if isinstance(deepest, int) else deepest[0], "")
    return StreamConfig.lcm_lora if unet_config.cross_attention_dim == SD15_TEXT_WIDTH else ""


def is_few_step(config: StreamConfig, unet_config: Any, scheduler: Any) -> bool:
    """Whether the model draws a picture in 1-4 steps by itself (LCM, Turbo, Lightning, Hyper, ...)."""
    return (
        type(scheduler).__name__ == "LCMScheduler"
        or getattr(unet_config, "time_cond_proj_dim", None) is not None
        or getattr(scheduler.config, "timestep_spacing", None) == "trailing"
        or any(named_few_step(name) for name in (config.model, *(lora.source for lora in config.loras)))
    )


def named_few_step(source: str) -> bool:
    """Whether a name says so in a word of its own: "sd-turbo" and "dreamLCM_v1", not "dreamTurbocharged"."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", Path(source).name)
    return any(word.lower() in FEW_STEP_WORDS for word in words)
