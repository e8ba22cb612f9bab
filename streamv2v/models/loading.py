"""Weights to Components: one way for a diffusers folder, a hub id and a single-file checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ..config import StreamConfig
from ..device.choosing import choose_device, choose_dtype
from ..errors import ModelError
from .checks import check_folder, check_lora, check_model, check_vae, latent_channels_of, parts_of
from .few_steps import wanted_loras
from .float32_layers import run_in_float32
from .hub import Progress, find_folder, is_single_file, silent
from .inversions import add_inversions
from .ip_adapter import ReferenceAdapter, load_ip_adapter
from .last_upsampling import fold_last_upsampling
from .loras import fuse_loras, networks_of
from .model_facts import float32_layers_of
from .parts import check_finite, is_half, load_checkpoint, load_folder, quiet
from .sdxl import has_tiny_vae, is_sdxl, overflows
from .structure_networks import StructureNetwork, load_structure
from .vaes import load_vae, usual_vae

TOO_WIDE = (
    "The model's VAE overflows in float16 (force_upcast), so that it runs in float32, which takes longer and more "
    "memory. --vae madebyollin/sdxl-vae-fp16-fix is the same VAE for float16, madebyollin/taesdxl a small one."
)


@dataclass
class Components:
    """What a stream is made of, on its device and in eval mode.

    Attributes:
        unet, vae, text_encoder, tokenizer: diffusers and transformers modules.
        alphas_cumprod: the model's own noise schedule, `[T]` float32.
        prediction_type: "epsilon", "v_prediction" or "sample".
        timestep_scaling: of the LCM boundary scalings.
        embeddings: name of a textual inversion embedding -> ids of its vectors in the text encoders.
        text_encoder_2, tokenizer_2: the second ones of the SDXL family; None elsewhere.
        zero_when_empty: whether the model takes an empty negative prompt as nothing at all.
        safety_checker, feature_extractor: where the model carries them and they were asked for.
        structure: networks that hold the picture to the camera's.
        adapter: what sees reference pictures, where an IP-Adapter is in the U-Net.
        facts: what was chosen and why, for people.
        warned: what was accepted with a loss, a line each.
    """

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    alphas_cumprod: torch.Tensor
    prediction_type: str
    timestep_scaling: float = 10.0
    embeddings: dict[str, tuple[int, ...]] = field(default_factory=dict)
    text_encoder_2: Any = None
    tokenizer_2: Any = None
    zero_when_empty: bool = False
    safety_checker: Any = None
    feature_extractor: Any = None
    structure: tuple[StructureNetwork, ...] = ()
    adapter: ReferenceAdapter | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    warned: tuple[str, ...] = ()


def load_components(config: StreamConfig, progress: Progress = silent) -> Components:
    """Find, load, adapt and place everything `config` names.

    Raises:
        ModelError: something is missing, incomplete or of another family; says what to do.
        ConfigError: the asked device is not there.
    """
    device = choose_device(config)
    dtype, why = choose_dtype(config, device)
    with quiet():
        warned: list[str] = []
        pipe, wide_layers = _load_pipeline(config, dtype, progress, warned)
        _check_sound(config, pipe)
        loras = wanted_loras(config, pipe.unet.config, pipe.scheduler)
        warned += fuse_loras(pipe, loras, offline=config.offline, cache_dir=config.cache_dir, progress=progress)
        structure, adapter = _steering(config, pipe, {"device": device, "dtype": dtype}, progress, warned)
    vae = pipe.vae
    progress(f"moving the model to {device}", None)
    sdxl = is_sdxl(pipe.unet.config)
    modules = [vae, *networks_of(pipe).values(), *([pipe.safety_checker] if config.safety_checker else [])]
    widened = sdxl and dtype is torch.float16 and overflows(vae)
    warned += [TOO_WIDE] if widened else []
    with quiet():
        for module in modules:
            wanted = torch.float32 if widened and module is vae else dtype
            module.to(device=device, dtype=wanted).eval().requires_grad_(False)
        parameters = sum(p.numel() for module in modules for p in module.parameters())  # as its files have them
        fold_last_upsampling(vae)
        pipe.unet.to(memory_format=torch.channels_last)
        vae.to(memory_format=torch.channels_last)
    wide_layers = run_in_float32(pipe.unet, wide_layers)
    embeddings, passed_over = _embeddings(config, pipe)
    scheduler = pipe.scheduler
    return Components(
        unet=pipe.unet,
        vae=vae,
        text_encoder=pipe.text_encoder,
        tokenizer=pipe.tokenizer,
        alphas_cumprod=scheduler.alphas_cumprod.float().cpu(),
        prediction_type=getattr(scheduler.config, "prediction_type", "epsilon"),
        timestep_scaling=float(getattr(scheduler.config, "timestep_scaling", None) or 10.0),
        embeddings=embeddings,
        text_encoder_2=getattr(pipe, "text_encoder_2", None),
        tokenizer_2=getattr(pipe, "tokenizer_2", None),
        zero_when_empty=bool(sdxl and pipe.config.force_zeros_for_empty_prompt),
        safety_checker=pipe.safety_checker if config.safety_checker else None,
        feature_extractor=pipe.feature_extractor if config.safety_checker else None,
        structure=structure,
        adapter=adapter,
        facts={
            "model": config.model,
            "device": str(device),
            "dtype": str(dtype).removeprefix("torch."),
            "dtype_reason": why,
            "float32_layers": wide_layers,
            "loras": [f"{lora.source} x {lora.scale:g}" for lora in loras],
            "parameters": parameters,
            **_steering_facts(structure, adapter, sorted(embeddings) if config.embeddings else None),
        },
        warned=(*warned, *(f"embedding passed over: {reason}" for reason in passed_over)),
    )


def _steering(
    config: StreamConfig, pipe: Any, place: Mapping[str, Any], progress: Progress, warned: list[str]
) -> tuple[tuple[StructureNetwork, ...], ReferenceAdapter | None]:
    """What steers beside words: structure networks, and an adapter put into the U-Net."""
    structure = load_structure(config, pipe.unet, place, progress, warned.append)
    return structure, load_ip_adapter(config, pipe, place, progress, warned.append)


def _steering_facts(
    structure: Sequence[StructureNetwork], adapter: ReferenceAdapter | None, embeddings: list[str] | None
) -> dict[str, Any]:
    """What steers beside plain words, for people; nothing of what was not asked for."""
    found: dict[str, Any] = {} if embeddings is None else {"embeddings": embeddings}
    found |= {"ip_adapter": adapter.source} if adapter else {}
    return found | ({"structure": [f"{one.source} ({one.kind})" for one in structure]} if structure else {})


def _embeddings(config: StreamConfig, pipe: Any) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Textual inversion embeddings put into the text encoders, where a folder of them was named."""
    if config.embeddings is None:
        return {}, []
    length = min(pipe.tokenizer.model_max_length, pipe.text_encoder.config.max_position_embeddings)
    second = getattr(pipe, "text_encoder_2", None)
    if second is not None:
        # else the vector of the whole is taken at the word of the highest number, which an embedding's would be
        second.text_model.eos_token_id = pipe.tokenizer_2.eos_token_id
    return add_inversions(pipe.text_encoder, config.embeddings, length=length, second=second)


def _load_pipeline(
    config: StreamConfig, dtype: torch.dtype, progress: Progress, warned: list[str]
) -> tuple[Any, Sequence[str]]:
    """The pipeline, and which layers of its U-Net the folder wants in float32."""
    for lora in config.loras:
        check_lora(lora.source)
    if config.named_vae:
        check_vae(config.named_vae, channels=latent_channels_of(config.model))
    if is_single_file(config.model):
        sdxl = bool(check_model(config.model, config).sdxl)
        vae = _other_vae(config, dtype, progress, warned, sdxl=sdxl, usual=sdxl)
        progress(f"loading {config.model}", None)
        return load_checkpoint(config, dtype, vae=vae), ()
    parts = parts_of(config)
    folder = find_folder(
        config.model,
        revision=config.revision,
        offline=config.offline,
        cache_dir=config.cache_dir,
        half=is_half(dtype),
        parts=parts,
        progress=progress,
        warn=warned.append,
    )
    if config.safety_checker and not (folder / "safety_checker").is_dir():
        raise ModelError(
            f"A safety checker was asked for, but {config.model} carries none. Switch it off for this model."
        )
    sdxl = bool(check_folder(folder, parts).sdxl)
    vae = _other_vae(config, dtype, progress, warned, sdxl=sdxl, usual=sdxl and not has_tiny_vae(folder))
    progress(f"loading {config.model}", None)
    pipe = load_folder(folder, dtype, vae=vae, safety_checker=config.safety_checker)
    return pipe, float32_layers_of(folder)


def _other_vae(
    config: StreamConfig, dtype: torch.dtype, progress: Progress, warned: list[str], *, sdxl: bool, usual: bool
) -> Any:
    """The VAE that takes the place of the model's own; None where that stays.

    Args:
        sdxl: whether the model is of the SDXL family.
        usual: whether it is drawn with that family's usual VAE where none is named.
    """
    if config.named_vae:
        return load_vae(config.named_vae, config, dtype, progress, sdxl=sdxl)
    return usual_vae(config, dtype, progress, warned) if usual and config.vae is None else None


def _check_sound(config: StreamConfig, pipe: Any) -> None:
    """See that what was loaded is numbers and fits together.

    Raises:
        ModelError: it does not.
    """
    unet, latent = pipe.unet.config, getattr(pipe.vae.config, "latent_channels", None)
    if latent is not None and unet.in_channels != latent:
        raise ModelError(
            f"{config.model}: the U-Net takes {unet.in_channels} channels and the VAE gives {latent}. "
            "Choose an ordinary text-to-image model, or another VAE."
        )
    check_finite(pipe.vae, f"The VAE of {config.named_vae or config.model}")
    for name, network in networks_of(pipe).items():
        check_finite(network, f"The {name} of {config.model}")
