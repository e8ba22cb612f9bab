"""Which family weights belong to, told from the names of their tensors or from a folder's model_index.json.

Standard library only: the host process asks before an engine is started.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .sdxl import PIPELINES as SDXL_PIPELINES
from .sdxl import REFINER, is_refiner_file, is_sdxl_file
from .weight_files import WeightFile

TAKEN = "Taken are models of the Stable Diffusion 1.x, 2.x, Turbo and SDXL families."
UNET, VAE = "model.diffusion_model.", "first_stage_model."
TEXT = ("cond_stage_model.", "conditioner.", "text_encoder.", "text_encoders.")
OUR_PIPELINES = (
    "StableDiffusionPipeline",
    "StableDiffusionImg2ImgPipeline",
    "LatentConsistencyModelPipeline",
    "LatentConsistencyModelImg2ImgPipeline",
    "StableDiffusionInstructPix2PixPipeline",
    "StableDiffusionInpaintPipeline",
    "StableDiffusionDepth2ImgPipeline",
)
"""Pipelines with one U-Net, one CLIP and one VAE; those with other inputs are told by their channels."""
CHANNELS = {5: "depth or upscaling model", 7: "upscaling model", 8: "picture-editing model", 9: "inpainting model"}
"""Input channels of a U-Net that wants more than the noisy picture."""

_MARKS: tuple[tuple[str, str], ...] = (
    ("double_blocks.", "a FLUX or HunyuanVideo model"),
    ("single_transformer_blocks.", "a FLUX model"),
    ("joint_blocks.", "a Stable Diffusion 3 model"),
    ("double_layers.", "an AuraFlow model"),
    ("cap_embedder.", "a Lumina or Z-Image model"),
    ("patch_embedding.", "a Wan model"),
    ("caption_projection.", "a PixArt or Sana model"),
    ("controlnet_cond_embedding.", "a ControlNet"),
    ("input_hint_block.", "a ControlNet"),
    ("control_model.", "a ControlNet"),
    ("motion_modules.", "an AnimateDiff motion module"),
    ("ip_adapter.", "an IP-Adapter"),
    ("edm_mean", "a Playground 2.5 model, of another noise schedule"),
    ("edm_vpred.", "a CosXL model, of another noise schedule"),
    ("effnet_", "a Stable Cascade model"),
    ("conv_first.", "an upscaler"),
    ("transformer_blocks.0.attn.add_k_proj", "a Stable Diffusion 3 or Qwen-Image model"),
)
_PIPELINES: tuple[tuple[str, str], ...] = (
    ("StableDiffusionXL", "SDXL"),
    ("StableDiffusion3", "Stable Diffusion 3"),
    ("StableCascade", "Stable Cascade"),
    ("Flux", "FLUX"),
    ("PixArt", "PixArt"),
    ("Kandinsky", "Kandinsky"),
    ("IF", "DeepFloyd IF"),
)


def other_family(names: Iterable[str]) -> str:
    """What other model the tensors belong to, such as "a FLUX model"; "" where none of the marks is there."""
    names = list(names)
    for mark, family in _MARKS:
        if any(mark in name and (name.startswith(mark) or f".{mark}" in name) for name in names):
            return family
    return ""


def adapter_kind(names: Iterable[str]) -> str:
    """What a file is that goes beside a model, such as "a LoRA"; "" for none of them."""
    names = list(names)
    kinds = (
        (("oft_blocks", "oft_diag", "oft_r", "boft_"), "an OFT"),
        ((".a1.weight",), "a GLoRA"),
        (("lora_mid.",), "a LyCORIS LoCon with Tucker decomposition"),
        ((".diff_b", ".w_norm", ".set_weight"), "a LyCORIS of full differences"),
        (("ia3_l",), "an IA3 of peft"),
        (("hada_w", "lokr_w", ".on_input", "lora_", ".lora.", "_lora."), "a LoRA"),
    )
    if any(name.endswith(".diff") for name in names):
        return "a LyCORIS of full differences"
    for marks, kind in kinds:
        if any(mark in name for mark in marks for name in names):
            return kind
    lone = {"emb_params", "string_to_param", "clip_l", "clip_g"}
    if any(name.split(".")[0] in lone for name in names) or (len(names) == 1 and names[0].startswith("<")):
        return "a textual inversion embedding"
    return ""


def check_index(folder: Path, index: dict[str, Any]) -> None:
    """See that a folder's model_index.json is that of a model with a U-Net and one text encoder, or SDXL's two.

    Raises:
        ModelError: it is of another family, which is named.
    """
    kind = str(index.get("_class_name", ""))
    parts = {name for name, place in index.items() if isinstance(place, list) and any(place)}
    if kind in SDXL_PIPELINES and "transformer" not in parts:
        if not {"text_encoder", "text_encoder_2"} <= parts:
            raise ModelError(f"The model in {folder} {REFINER}")
        return
    if kind in OUR_PIPELINES and not {"transformer", "text_encoder_2"} & parts:
        return
    family = next((name for start, name in _PIPELINES if kind.startswith(start)), "")
    if family or {"transformer", "text_encoder_2", "prior"} & parts:
        named = f"of the {family} family ({kind})" if family else f"a {kind or 'model with a transformer'}"
        raise ModelError(f"The model in {folder} is {named}, which this engine cannot run. {TAKEN}")


def check_checkpoint(file: WeightFile) -> None:
    """See that a single file holds a whole model of this family.

    Raises:
        ModelError: another family, an adapter, a VAE alone, or a U-Net with other inputs; says which.
    """
    names, name = list(file.tensors), file.path.name
    if found := other_family(names):
        raise ModelError(f"The checkpoint {name} is {found}, which this engine cannot run. {TAKEN}")
    if is_refiner_file(names):
        raise ModelError(f"The checkpoint {name} {REFINER}")
    if kind := adapter_kind(names):
        what = "name it with --lora" if kind == "a LoRA" else "it goes beside a model"
        raise ModelError(f"The checkpoint {name} is {kind} and no model: {what}.")
    if any(".scale_weight" in name or name == "scaled_fp8" for name in names):
        raise ModelError(f"The checkpoint {name} is scaled to fp8, which is not taken. Choose its fp16 version.")
    if not any(name.startswith(UNET) for name in names):
        if vae_kind(names):
            raise ModelError(f"The checkpoint {name} is a VAE alone and no model: name it with --vae.")
        if any(name.startswith(("down_blocks.", "input_blocks.")) for name in names):
            raise ModelError(f"The checkpoint {name} is a U-Net alone: it carries no text encoder. {TAKEN}")
        raise ModelError(f"The checkpoint {name} holds no U-Net of Stable Diffusion. {TAKEN}")
    if f"{UNET}label_emb.0.0.weight" in names and not is_sdxl_file(names):
        raise ModelError(f"The checkpoint {name} has a U-Net that wants more than a prompt (unCLIP?). {TAKEN}")
    if not any(name.startswith(TEXT) for name in names):
        raise ModelError(f"The checkpoint {name} carries no text encoder. Choose a version with all parts.")
    check_channels(f"The checkpoint {name}", file.shape(f"{UNET}input_blocks.0.0.weight")[1:2])


def check_channels(what: str, found: Iterable[int]) -> None:
    """See that a U-Net takes the noisy picture alone.

    Raises:
        ModelError: it takes more.
    """
    for channels in found:
        if channels in CHANNELS:
            raise ModelError(
                f"{what} is a kind of {CHANNELS[channels]}: its U-Net takes {channels} channels and the VAE gives 4. "
                "Choose an ordinary text-to-image model."
            )


def vae_kind(names: Iterable[str]) -> str:
    """ "AutoencoderKL", "AutoencoderTiny", or "" where the tensors are no VAE that is taken."""
    plain = {name.removeprefix(VAE) for name in names}
    if "decoder.conv_in.weight" in plain and "encoder.conv_in.weight" in plain:
        return "AutoencoderKL"
    if "decoder.layers.0.weight" in plain and "encoder.layers.0.weight" in plain:
        return "AutoencoderTiny"
    return ""


def latent_channels(file: WeightFile) -> int:
    """Channels of the latent that a VAE's file reads; 0 where that cannot be told."""
    for name in ("decoder.conv_in.weight", "decoder.layers.0.weight", f"{VAE}decoder.conv_in.weight"):
        if shape := file.shape(name):
            return shape[1] if len(shape) > 1 else 0
    return 0


def text_width(file: WeightFile) -> int:
    """Width of the text that a checkpoint's, a U-Net's or a LoRA's cross attention reads; 0 where none is found."""
    for name, tensor in file.tensors.items():
        if "attn2" in name and "to_k" in name and len(tensor.shape) >= 2 and not name.endswith(("alpha", "scale")):
            if any(mark in name for mark in ("lora_up", "lora_B", ".up.")):
                continue
            return tensor.shape[1]
    return 0
