"""A diffusers folder or a checkpoint to a pipeline, part by part: each weight in its place, or the part is named."""

from __future__ import annotations

import contextlib
import importlib
import logging
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

from ..config import StreamConfig
from ..errors import ModelError
from .checks import check_single_file
from .families import TAKEN
from .hub import WEIGHTY, chosen_weights, home_path
from .sdxl import is_sdxl, is_sdxl_file
from .weight_files import AGAIN, WeightFile, read_json, read_table

_V_PREDICTION = ("v", "v_prediction", "v-prediction", "velocity")


def load_folder(folder: Path, dtype: torch.dtype, *, vae: Any, safety_checker: bool) -> Any:
    """A StableDiffusionPipeline, or in the SDXL family a StableDiffusionXLPipeline, of a folder's parts.

    Args:
        vae: takes the place of the folder's own; None loads that.
    Raises:
        ModelError: a part that cannot be loaded whole.
    """
    import diffusers
    from transformers.models.clip.modeling_clip import CLIPTextModel

    with as_model_error(f"The scheduler of {folder}"):
        scheduler = _scheduler(folder / "scheduler")
    if vae is None:
        kind = read_json(folder / "vae" / "config.json")["_class_name"]
        vae = load_part(getattr(diffusers, kind), folder / "vae", dtype)
    same = {
        "vae": vae,
        "text_encoder": load_part(CLIPTextModel, folder / "text_encoder", dtype),
        "tokenizer": _tokenizer(folder / "tokenizer"),
        "unet": load_part(diffusers.UNet2DConditionModel, folder / "unet", dtype),
        "scheduler": scheduler,
    }
    if is_sdxl(same["unet"].config):
        return _sdxl_of(folder, dtype, same)
    extra: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
    if safety_checker:
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil  # needs no torchvision

        extra = {
            "safety_checker": load_part(_pipelines().StableDiffusionSafetyChecker, folder / "safety_checker", dtype),
            "feature_extractor": CLIPImageProcessorPil.from_pretrained(str(folder / "feature_extractor")),
        }
    return _pipelines().StableDiffusionPipeline(**same, requires_safety_checker=safety_checker, **extra)


def _sdxl_of(folder: Path, dtype: torch.dtype, same: dict[str, Any]) -> Any:
    """The pipeline of the SDXL family: the same parts, and the second text encoder with its tokenizer."""
    from transformers.models.clip.modeling_clip import CLIPTextModelWithProjection

    zeros = read_json(folder / "model_index.json").get("force_zeros_for_empty_prompt", True)
    return _pipelines("stable_diffusion_xl").StableDiffusionXLPipeline(
        **same,
        text_encoder_2=load_part(CLIPTextModelWithProjection, folder / "text_encoder_2", dtype),
        tokenizer_2=_tokenizer(folder / "tokenizer_2"),
        force_zeros_for_empty_prompt=bool(zeros),
        add_watermarker=False,
    )


def _tokenizer(folder: Path) -> Any:
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    with as_model_error(f"The tokenizer {folder}"):
        return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)


def load_part(kind: Any, folder: Path, dtype: torch.dtype) -> Any:
    """One network of a folder, with every weight that it has.

    Raises:
        ModelError: weights are missing or of another shape; says how many and names one.
    """
    names = chosen_weights(sorted(path.name for path in folder.iterdir()), half=is_half(dtype))
    options = {"variant": "fp16"} if names and all(".fp16" in name for name in names) else {}
    with as_model_error(str(folder)):
        network, told = kind.from_pretrained(
            str(folder), dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True, **options
        )
    check_missing(str(folder), told.get("missing_keys", ()), told.get("mismatched_keys", ()))
    return network


def load_checkpoint(config: StreamConfig, dtype: torch.dtype, *, vae: Any) -> Any:
    """A StableDiffusionPipeline, or in the SDXL family a StableDiffusionXLPipeline, of one file.

    Args:
        vae: takes the place of the file's own; None loads that.
    Raises:
        ModelError: it cannot be loaded whole.
    """
    path = check_single_file(config.model)
    given = {"config": config.single_file_config} if config.single_file_config else {}
    if given and home_path(str(given["config"])).is_dir():
        given["config"] = str(home_path(str(given["config"])))
    if vae is not None:
        given["vae"] = vae
    table = read_table(path)
    if is_sdxl_file(table.tensors):
        kind, more = _pipelines("stable_diffusion_xl").StableDiffusionXLPipeline, {"add_watermarker": False}
    else:
        kind, more = _pipelines().StableDiffusionPipeline, {"safety_checker": None}
    with as_model_error(f"The checkpoint {path.name}"):
        pipe = kind.from_single_file(
            str(path),
            dtype=dtype,
            local_files_only=config.offline,
            cache_dir=config.cache_dir,
            feature_extractor=None,
            **given,
            **more,
        )
    for part in (part for part in WEIGHTY if hasattr(pipe, part)):
        network = getattr(pipe, part)
        left = [name for name, weight in network.named_parameters() if weight.is_meta]
        check_missing(f"The {part} of {path.name}", left)
    _tell_prediction(pipe, table)
    return pipe


def check_missing(what: str, missing: Iterable[Any], mismatched: Iterable[Any] = ()) -> None:
    """See that no weight was left to chance.

    Raises:
        ModelError: some were.
    """
    missing, mismatched = list(missing), list(mismatched)
    if mismatched:
        first = mismatched[0] if isinstance(mismatched[0], str) else mismatched[0][0]
        raise ModelError(f"{what} is of another shape than its config.json says ({first}). {AGAIN}")
    if missing:
        raise ModelError(f"{what} is incomplete: {len(missing)} of its weights are missing ({missing[0]}). {AGAIN}")


def check_finite(network: torch.nn.Module, what: str) -> None:
    """See that all weights are numbers.

    Raises:
        ModelError: some are not-a-number or infinite; names one tensor.
    """
    for name, weight in network.named_parameters():
        # the extremes of a tensor hold any not-a-number, and cost no copy of it
        if not all(bool(torch.isfinite(end)) for end in torch.aminmax(weight.detach())):
            raise ModelError(f"{what} holds numbers that are none (not-a-number, infinite) in {name}.")


def is_half(dtype: torch.dtype) -> bool:
    """Whether half-precision files are taken for networks in `dtype`."""
    return dtype in (torch.float16, torch.bfloat16)


@contextlib.contextmanager
def as_model_error(what: str) -> Iterator[None]:
    """Turn the many errors of the loading libraries into one line."""
    try:
        yield
    except (ModelError, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"{what} could not be loaded ({type(error).__name__}: {reason}).") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the loading libraries' own bars and warnings off the terminal; what they would say is asked of them."""
    import diffusers.utils.logging as diffusers_logging
    import transformers.utils.logging as transformers_logging

    logs: list[Any] = [diffusers_logging, transformers_logging]
    before = [(log.is_progress_bar_enabled(), log.get_verbosity()) for log in logs]
    for log in logs:
        log.disable_progress_bar()
        log.set_verbosity(logging.CRITICAL)  # what fails is raised, and told in one line
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, (bars, verbosity) in zip(logs, before, strict=True):
            log.set_verbosity(verbosity)
            if bars:
                log.enable_progress_bar()


def _pipelines(family: str = "stable_diffusion") -> Any:
    # untyped: their signatures name every model there is, and a type checker would read them all for minutes
    return importlib.import_module(f"diffusers.pipelines.{family}")


def _scheduler(folder: Path) -> Any:
    import diffusers

    settings = read_json(folder / "scheduler_config.json")
    kind = str(settings.get("_class_name", ""))
    found: Any = getattr(diffusers, kind, None)
    if not kind.endswith("Scheduler") or found is None:
        raise ModelError(f"{folder} names the scheduler {kind!r}, which diffusers does not have. {AGAIN}")
    scheduler = found.from_config(settings)
    if not isinstance(getattr(scheduler, "alphas_cumprod", None), torch.Tensor):
        raise ModelError(
            f"{folder} names the scheduler {kind}, which has no noise schedule of Stable Diffusion (flow matching?). "
            f"{TAKEN}"
        )
    return scheduler


def _tell_prediction(pipe: Any, file: WeightFile) -> None:
    """A single file says only by a mark or in its metadata that its U-Net predicts velocities, or of pure noise."""
    told = file.metadata.get("modelspec.prediction_type", file.metadata.get("modelspec.predict_key", "")).lower()
    if "v_pred" in file.tensors or told in _V_PREDICTION:
        changed: dict[str, Any] = {"prediction_type": "v_prediction"}
        if "ztsnr" in file.tensors:
            changed["rescale_betas_zero_snr"] = True
        pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config, **changed)
