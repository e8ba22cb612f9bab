"""What is told apart as the SDXL family (arXiv:2307.01952), from configurations and the names of tensors.

SDXL, SDXL-Turbo, SSD-1B, Vega, KOALA and their like: two text encoders side by side, of which the second also gives one
vector of the whole prompt, and a U-Net that is told the picture's size. Standard library only: the host process asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .weight_files import AGAIN, read_json

PIPELINES = (
    "StableDiffusionXLPipeline",
    "StableDiffusionXLImg2ImgPipeline",
    "StableDiffusionXLInpaintPipeline",
    "StableDiffusionXLInstructPix2PixPipeline",
)
"""With a U-Net and two text encoders; those with other inputs are told by their channels."""
SECOND_PARTS = ("text_encoder_2", "tokenizer_2")
"""Sub-folders that this family has beside the others."""
TINY_VAE = "madebyollin/taesdxl"
"""What pictures are drawn with unless another VAE is named: the family's own takes longer than a step of its U-Net."""
SINGLE_FILE_CONFIG = "stabilityai/stable-diffusion-xl-base-1.0"
"""The hub id that diffusers asks for the configuration of a single file."""
SCALING, OTHER_SCALING = 0.13025, 0.18215
"""`scaling_factor` of the family's KL VAE, and of that of Stable Diffusion 1.x and 2.x, which has the same layers."""
REFINER = (
    "is SDXL's refiner, which only finishes what another model has drawn. Choose SDXL-Turbo or an SDXL base model."
)
SIZES_TOLD = 6
"""Numbers of the size condition: height and width of the original, of the cut, and of the picture."""

UNET: dict[str, Any] = {
    "addition_embed_type": "text_time",
    "block_out_channels": [320, 640, 1280],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "transformer_layers_per_block": [1, 2, 10],
    "layers_per_block": 2,
    "in_channels": 4,
}
"""The U-Net of SDXL as far as memory is concerned; single files carry no other word."""


def is_sdxl(unet: Mapping[str, Any]) -> bool:
    """Whether a U-Net's configuration is that of the family."""
    return unet.get("addition_embed_type") == "text_time"


def is_sdxl_file(names: Iterable[str]) -> bool:
    """Whether a checkpoint's tensors are those of the family."""
    return any(name.startswith("conditioner.embedders.") for name in names)


def is_refiner_file(names: Iterable[str]) -> bool:
    """Whether the checkpoint is the refiner's, whose only text encoder is the family's second."""
    return any(name.startswith("conditioner.embedders.0.model.") for name in names)


def is_sdxl_lora(names: Iterable[str]) -> bool:
    """Whether a LoRA changes what only this family has."""
    return any(
        name.startswith(("lora_te2_", "text_encoder_2.")) or "add_embedding" in name or "label_emb" in name
        for name in names
    )


def check_fits(folder: Path, unet: Mapping[str, Any], first: Mapping[str, Any], second: Mapping[str, Any]) -> int:
    """See that a folder's U-Net reads what its text encoders write, by their configurations.

    Returns:
        the width of the text that the U-Net reads.
    Raises:
        ModelError: it does not, or it is the refiner's; says both numbers.
    """
    wanted, widths = unet.get("cross_attention_dim"), (first.get("hidden_size", 512), second.get("hidden_size", 512))
    if wanted != sum(widths):
        raise ModelError(
            f"The model in {folder} does not fit together: its U-Net reads text of width {wanted} and its text "
            f"encoders write {widths[0]} and {widths[1]}. {AGAIN}"
        )
    pooled, told = second.get("projection_dim", 512), unet.get("addition_time_embed_dim", 256)
    added = unet.get("projection_class_embeddings_input_dim")
    if added == pooled + (SIZES_TOLD - 1) * told:
        raise ModelError(f"The model in {folder} {REFINER}")
    if added != pooled + SIZES_TOLD * told:
        raise ModelError(
            f"The model in {folder} does not fit together: beside the text its U-Net reads {added} numbers, and "
            f"prompt and sizes make {pooled + SIZES_TOLD * told}. {AGAIN}"
        )
    return sum(widths)


def check_vae_family(source: str, settings: Mapping[str, Any], *, sdxl: bool) -> None:
    """See that a VAE is not plainly the other family's, whose latents mean something else.

    Args:
        source: as it was named.
        settings: its configuration; empty where a file carries none.
        sdxl: whether the model is of this family.
    Raises:
        ModelError: it is; names the right one.
    """
    name = Path(source).name.lower()
    tiny = re.search(r"taesd(xl|_xl|-xl)?", name)
    found = "SDXL" if tiny and tiny[1] else "Stable Diffusion 1.x and 2.x" if tiny else ""
    scaling = settings.get("scaling_factor")
    if scaling in (SCALING, OTHER_SCALING):
        found = "SDXL" if scaling == SCALING else "Stable Diffusion 1.x and 2.x"
    if found and (found == "SDXL") != sdxl:
        wanted = f"{TINY_VAE} or madebyollin/sdxl-vae-fp16-fix" if sdxl else "madebyollin/taesd"
        raise ModelError(f"The VAE {source} is made for {found}, and the model is not. Choose {wanted}.")


def has_tiny_vae(folder: Path) -> bool:
    """Whether a model's folder brings a tiny VAE of its own."""
    path = folder / "vae" / "config.json"
    return path.is_file() and read_json(path).get("_class_name") == "AutoencoderTiny"


def overflows(vae: Any) -> bool:
    """Whether a loaded VAE of this family gives not-a-numbers in float16, as its configuration says."""
    return bool(getattr(vae.config, "force_upcast", False))


def says_fp16_fixed(path: Path) -> bool:
    """Whether the name of a VAE's file says that it was made for float16; a file says it nowhere else."""
    name = path.name.lower()
    return "fp16" in name and "fix" in name
