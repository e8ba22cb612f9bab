"""What a model is made of, read from its configurations and the headers of its weight files; no weight is loaded.

A safetensors file begins with a table of its tensors' shapes, so counting parameters takes milliseconds
whatever the size of the model. Standard library only: the host process may ask, too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..config import OWN_VAE, StreamConfig
from ..errors import ModelError
from .checks import check_folder, check_single_file, parts_of
from .families import vae_kind
from .hub import HUB_ID, LAYERS_FILE, Progress, find_folder, home_path, is_cached, is_single_file, silent
from .sdxl import SECOND_PARTS, is_sdxl, is_sdxl_file, says_fp16_fixed
from .sdxl import TINY_VAE as TINY_VAE_ID
from .sdxl import UNET as SDXL_UNET
from .weight_files import read_config, read_table

FLOAT32_KEY = "float32_layers"
"""In a folder's `streamv2v.json`: `{"float32_layers": ["down_blocks.0.attentions.0"]}`."""

SD_UNET: dict[str, Any] = {
    "block_out_channels": [320, 640, 1280, 1280],
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    "layers_per_block": 2,
    "in_channels": 4,
}
"""The U-Net that Stable Diffusion 1.x and 2.x share as far as memory is concerned; single files carry no other word."""
SD_VAE: dict[str, Any] = {"_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512]}
TINY_VAE: dict[str, Any] = {"_class_name": "AutoencoderTiny", "decoder_block_out_channels": [64] * 4}
SD_VAE_PARAMETERS, TINY_VAE_PARAMETERS = 83_653_863, 2_445_063

_SINGLE_FILE_PARTS = {
    "unet": ("model.diffusion_model.",),
    "vae": ("first_stage_model.",),
    "text_encoder": ("cond_stage_model.", "conditioner.embedders.0."),
    "text_encoder_2": ("conditioner.embedders.1.",),
}
_DEFAULT_STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}


@dataclass(frozen=True)
class ModelFacts:
    """Parameters of each part, and the two configurations that fix the size of everything else.

    Attributes:
        parameters: part ("unet", "vae", "text_encoder", ...) -> number of floating-point parameters.
        unet, vae: their configurations, as diffusers writes them.
        guessed: parts whose figures are those of Stable Diffusion 1.5, because nothing else is known yet.
        float32_layers: layers of the U-Net that keep float32 where the rest runs in 16 bits.
        float32_parameters: how many parameters those have.
        changed_by_loras: parameters of the layers that LoRAs may change while it runs.
        loras: parameters of the LoRAs' own files that stay in memory.
    """

    parameters: dict[str, int]
    unet: dict[str, Any]
    vae: dict[str, Any]
    guessed: tuple[str, ...] = ()
    float32_layers: tuple[str, ...] = ()
    float32_parameters: int = 0
    changed_by_loras: int = 0
    loras: int = 0


def model_facts(config: StreamConfig, *, half: bool = False, progress: Progress = silent) -> ModelFacts:
    """Look at the files that `config` names; a hub model is fetched first, unless the configuration is offline.

    Args:
        half: the weights wanted, as in `find_folder`.
        progress: told of a download.
    Raises:
        ModelError: the model is not there, or incomplete.
    """
    if is_single_file(config.model):
        facts = _of_single_file(check_single_file(config.model), config.single_file_config)
    else:
        parts = parts_of(config)
        folder = find_folder(
            config.model,
            revision=config.revision,
            offline=config.offline,
            cache_dir=config.cache_dir,
            half=half,
            parts=parts,
            progress=progress,
        )
        check_folder(folder, parts)
        unet = read_config(folder / "unet")
        weighty = [part for part in parts if part not in ("tokenizer", "scheduler", "feature_extractor")]
        weighty += [SECOND_PARTS[0]] if is_sdxl(unet) else []
        facts = ModelFacts(
            {part: count_parameters(folder / part) for part in weighty},
            unet,
            SD_VAE if config.named_vae else read_config(folder / "vae"),
            float32_layers=(wide := float32_layers_of(folder)),
            float32_parameters=count_parameters(folder / "unet", within=wide),
        )
    vae = config.named_vae or usual_vae_of(config, facts)
    return facts if vae is None else _with_vae(facts, vae)


def usual_vae_of(config: StreamConfig, facts: ModelFacts) -> str | None:
    """The VAE that a model is drawn with where none was named; None where that is its own."""
    its_own = config.vae == OWN_VAE or not is_sdxl(facts.unet) or facts.vae.get("_class_name") == "AutoencoderTiny"
    if its_own or (config.offline and not is_cached(TINY_VAE_ID, config.cache_dir, "config.json")):
        return None
    return TINY_VAE_ID


def count_parameters(folder: Path, *, within: tuple[str, ...] = ("",)) -> int:
    """Floating-point parameters of the weights that a loader would take from `folder`; 0 where there are none.

    Args:
        within: layers to count; all by default.
    """
    prefixes = tuple(f"{layer}." if layer else "" for layer in within)
    files = [file for file in folder.glob("*.safetensors") if "non_ema" not in file.name]
    stem = _DEFAULT_STEMS.get(folder.name, "model")
    files = [file for file in files if file.name.startswith(stem)] or files
    full = [file for file in files if ".fp16" not in file.name]
    return sum(count for file in full or files for name, count in tensors_of(file) if name.startswith(prefixes))


def float32_layers_of(folder: Path) -> tuple[str, ...]:
    """The names that the model in `folder` lists; none without the file.

    Raises:
        ModelError: the file is there and cannot be read.
    """
    path = folder / LAYERS_FILE
    if not path.is_file():
        return ()
    try:
        names = json.loads(path.read_text(encoding="utf-8"))[FLOAT32_KEY]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f'{path}: an object with "{FLOAT32_KEY}" is wanted, found {error!r}. Mend or remove it.'
        ) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ModelError(
            f'{path}: "{FLOAT32_KEY}" has to be a list of names of layers, found {names!r}. Mend or remove it.'
        )
    return tuple(names)


def tensors_of(file: Path) -> Iterator[tuple[str, int]]:
    """Name and number of elements of every floating-point tensor in a safetensors file, from its header.

    Raises:
        ModelError: the file is no safetensors file.
    """
    for name, tensor in read_table(file, whole=False).tensors.items():
        if tensor.is_float:
            yield name, math.prod(tensor.shape)


def _of_single_file(file: Path, settings: str | None) -> ModelFacts:
    sdxl = is_sdxl_file(read_table(file, whole=False).tensors)
    counts = {part: 0 for part in _SINGLE_FILE_PARTS if sdxl or part != SECOND_PARTS[0]}
    for name, count in tensors_of(file):
        for part, prefixes in _SINGLE_FILE_PARTS.items():
            if part in counts and name.startswith(prefixes):
                counts[part] += count
    folder = home_path(settings) if settings else None
    if folder is not None and (folder / "unet" / "config.json").is_file():
        vae = read_config(folder / "vae") if (folder / "vae" / "config.json").is_file() else SD_VAE
        return ModelFacts(counts, read_config(folder / "unet"), vae)
    vae = {**SD_VAE, "force_upcast": True} if sdxl else SD_VAE
    return ModelFacts(counts, SDXL_UNET if sdxl else SD_UNET, vae, guessed=("unet shape", "vae shape"))


def _full_vae(facts: ModelFacts, source: Path) -> dict[str, Any]:
    """A KL VAE that carries no configuration."""
    return {**SD_VAE, "force_upcast": is_sdxl(facts.unet) and not says_fp16_fixed(source)}


def _with_vae(facts: ModelFacts, vae: str) -> ModelFacts:
    folder = home_path(vae)
    if not folder.is_dir() and HUB_ID.match(vae):
        # one of the hub is fetched by the loader; a full one is the most that it can be
        full = not re.search("tae|tiny", vae, re.IGNORECASE)
        shape = _full_vae(facts, folder) if full else TINY_VAE
        count = SD_VAE_PARAMETERS if full else TINY_VAE_PARAMETERS
        return replace(facts, parameters={**facts.parameters, "vae": count}, vae=shape, guessed=(*facts.guessed, "vae"))
    if folder.is_file():
        count = sum(many for _, many in tensors_of(folder))
        tiny = vae_kind(read_table(folder).tensors) == "AutoencoderTiny"
        shape = TINY_VAE if tiny else _full_vae(facts, folder)
        return replace(facts, parameters={**facts.parameters, "vae": count}, vae=shape)
    return replace(facts, parameters={**facts.parameters, "vae": count_parameters(folder)}, vae=read_config(folder))
