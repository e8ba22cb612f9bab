"""Weights to Components: one way for a diffusers folder, a hub id and a single-file checkpoint."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ..config import StreamConfig
from ..device.choosing import choose_device, choose_dtype
from ..errors import ModelError
from .float32_layers import run_in_float32
from .hub import (
    HUB_ID,
    PARTS,
    Progress,
    check_folder,
    check_single_file,
    check_vae,
    find_folder,
    is_single_file,
    silent,
)
from .last_upsampling import fold_last_upsampling
from .loras import fuse_loras, wanted_loras
from .model_facts import float32_layers_of, home_path


@dataclass
class Components:
    """What a stream is made of, on its device and in eval mode.

    Attributes:
        unet, vae, text_encoder, tokenizer: diffusers and transformers modules.
        alphas_cumprod: the model's own noise schedule, `[T]` float32.
        prediction_type: "epsilon", "v_prediction" or "sample".
        timestep_scaling: of the LCM boundary scalings.
        safety_checker, feature_extractor: where the model carries them and they were asked for.
        facts: what was chosen and why, for people.
    """

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    alphas_cumprod: torch.Tensor
    prediction_type: str
    timestep_scaling: float = 10.0
    safety_checker: Any = None
    feature_extractor: Any = None
    facts: dict[str, Any] = field(default_factory=dict)


def load_components(config: StreamConfig, progress: Progress = silent) -> Components:
    """Find, load, adapt and place everything `config` names.

    Raises:
        ModelError: something is missing, incomplete or of another family; says what to do.
        ConfigError: the asked device is not there.
    """
    device = choose_device(config)
    dtype, why = choose_dtype(config, device)
    with _quiet():
        pipe, wide_layers = _load_pipeline(config, dtype, progress)
        _check_family(config, pipe)
        loras = wanted_loras(config, pipe.unet.config, pipe.scheduler)
        fuse_loras(pipe, loras, offline=config.offline, cache_dir=config.cache_dir, progress=progress)
        vae = _load_vae(config, dtype, progress) if config.vae else pipe.vae
    progress(f"moving the model to {device}", None)
    modules = [pipe.unet, vae, pipe.text_encoder] + ([pipe.safety_checker] if config.safety_checker else [])
    with _quiet():
        for module in modules:
            module.to(device=device, dtype=dtype).eval().requires_grad_(False)
        parameters = sum(p.numel() for module in modules for p in module.parameters())  # as its files have them
        fold_last_upsampling(vae)
        pipe.unet.to(memory_format=torch.channels_last)
        vae.to(memory_format=torch.channels_last)
    wide_layers = run_in_float32(pipe.unet, wide_layers)
    scheduler = pipe.scheduler
    return Components(
        unet=pipe.unet,
        vae=vae,
        text_encoder=pipe.text_encoder,
        tokenizer=pipe.tokenizer,
        alphas_cumprod=scheduler.alphas_cumprod.float().cpu(),
        prediction_type=getattr(scheduler.config, "prediction_type", "epsilon"),
        timestep_scaling=float(getattr(scheduler.config, "timestep_scaling", None) or 10.0),
        safety_checker=pipe.safety_checker if config.safety_checker else None,
        feature_extractor=pipe.feature_extractor if config.safety_checker else None,
        facts={
            "model": config.model,
            "device": str(device),
            "dtype": str(dtype).removeprefix("torch."),
            "dtype_reason": why,
            "float32_layers": wide_layers,
            "loras": [f"{lora.source} x {lora.scale:g}" for lora in loras],
            "parameters": parameters,
        },
    )


def _load_pipeline(config: StreamConfig, dtype: torch.dtype, progress: Progress) -> tuple[Any, Sequence[str]]:
    """The pipeline, and which layers of its U-Net the folder wants in float32."""
    from diffusers import StableDiffusionPipeline

    parts = PARTS + (("safety_checker", "feature_extractor") if config.safety_checker else ())
    options: dict[str, Any] = {} if config.safety_checker else {"safety_checker": None, "feature_extractor": None}
    if is_single_file(config.model):
        path = check_single_file(config.model)
        progress(f"loading {path.name}", None)
        options["config"] = _single_file_config(config)
        with _as_model_error(path.name):
            pipe = StableDiffusionPipeline.from_single_file(
                str(path),
                dtype=dtype,
                local_files_only=config.offline,
                cache_dir=config.cache_dir,
                **{name: value for name, value in options.items() if name != "config" or value},
            )
        return pipe, ()
    folder = find_folder(
        config.model,
        revision=config.revision,
        offline=config.offline,
        cache_dir=config.cache_dir,
        half=dtype in (torch.float16, torch.bfloat16),
        parts=parts,
        progress=progress,
    )
    check_folder(folder)
    if config.safety_checker and not (folder / "safety_checker").is_dir():
        raise ModelError(
            f"A safety checker was asked for, but {config.model} carries none. Switch it off for this model."
        )
    progress(f"loading {config.model}", None)
    if not list((folder / "unet").glob("*.safetensors")):
        raise ModelError(f"{folder}/unet has no .safetensors weights; other formats can run code and are not opened.")
    if not [file for file in (folder / "unet").glob("*.safetensors") if ".fp16" not in file.name]:
        options["variant"] = "fp16"
    with _as_model_error(config.model):
        pipe = StableDiffusionPipeline.from_pretrained(
            str(folder), dtype=dtype, use_safetensors=True, local_files_only=True, **options
        )
    return pipe, float32_layers_of(folder)


def _single_file_config(config: StreamConfig) -> str | None:
    source = config.single_file_config
    if source and not home_path(source).is_dir() and not HUB_ID.match(source):
        raise ModelError(f"single_file_config: {source!r} was looked for as a folder and is not there.")
    return source


def _load_vae(config: StreamConfig, dtype: torch.dtype, progress: Progress) -> Any:
    import diffusers

    assert config.vae is not None
    progress(f"loading VAE {config.vae}", None)
    folder = home_path(config.vae)
    check_vae(config.vae)
    with _as_model_error(f"VAE {config.vae}"):
        settings: Any = diffusers.AutoencoderTiny.load_config(
            config.vae, local_files_only=config.offline or folder.is_dir(), cache_dir=config.cache_dir
        )
        kind = settings.get("_class_name", "AutoencoderTiny")
        if kind not in ("AutoencoderTiny", "AutoencoderKL"):
            raise ModelError(f"The VAE {config.vae} is a {kind}; wanted is an AutoencoderTiny or an AutoencoderKL.")
        return getattr(diffusers, kind).from_pretrained(
            config.vae,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=config.offline or folder.is_dir(),
            cache_dir=config.cache_dir,
        )


def _check_family(config: StreamConfig, pipe: Any) -> None:
    if getattr(pipe.unet.config, "addition_embed_type", None) not in (None, "text"):
        raise ModelError(
            f"{config.model} is of the SDXL family, whose U-Net wants more than a prompt. "
            "Choose a model of the Stable Diffusion 1.5, 2.1 or Turbo family."
        )
    latent = getattr(pipe.vae.config, "latent_channels", None)
    if not config.vae and latent is not None and pipe.unet.config.in_channels != latent:
        raise ModelError(
            f"{config.model}: the U-Net takes {pipe.unet.config.in_channels} channels and the VAE gives {latent} "
            "(an inpainting or depth model?). Choose an ordinary text-to-image model."
        )


@contextlib.contextmanager
def _as_model_error(what: str) -> Iterator[None]:
    """Turn the many errors of the loading libraries into one line."""
    try:
        yield
    except ModelError:
        raise
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{what} could not be loaded ({type(error).__name__}: {reason}).") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the loading libraries' own bars and warnings off the terminal for a while."""
    import diffusers.utils.logging as diffusers_logging
    import transformers.utils.logging as transformers_logging

    logs: list[Any] = [diffusers_logging, transformers_logging]
    before = [(log.is_progress_bar_enabled(), log.get_verbosity()) for log in logs]
    for log in logs:
        log.disable_progress_bar()
        log.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, (bars, verbosity) in zip(logs, before, strict=True):
            log.set_verbosity(verbosity)
            if bars:
                log.enable_progress_bar()
