"""Another VAE in the place of a model's own: from a folder, a hub id, or one .safetensors file."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import torch

from ..config import StreamConfig
from ..errors import ModelError
from .checks import FOLDER_VAES, check_vae, check_vae_folder, latent_channels_of
from .families import VAE, vae_kind
from .hub import Progress, home_path
from .parts import as_model_error, check_missing, load_part
from .sdxl import OTHER_SCALING, SCALING, TINY_VAE, check_vae_family, says_fp16_fixed
from .weight_files import WeightFile, read_table

_USUAL_GROUPS = 32


def load_vae(source: str, config: StreamConfig, dtype: torch.dtype, progress: Progress, *, sdxl: bool) -> Any:
    """The VAE called `source`, for the model that `config` names.

    Args:
        sdxl: whether that is of the SDXL family.
    Raises:
        ModelError: it is not there, no VAE that is taken, or not whole.
    """
    import diffusers

    progress(f"loading VAE {source}", None)
    channels = latent_channels_of(config.model)
    check_vae(source, channels=channels, sdxl=sdxl)
    path = home_path(source)
    if path.is_file():
        return _of_file(read_table(path), dtype, sdxl=sdxl)
    if path.is_dir():
        settings = json.loads((path / "config.json").read_text("utf-8-sig"))
        return load_part(getattr(diffusers, settings["_class_name"]), path, dtype)
    with as_model_error(f"The VAE {source}"):
        where: dict[str, Any] = {"local_files_only": config.offline, "cache_dir": config.cache_dir}
        settings: Any = diffusers.AutoencoderTiny.load_config(source, **where)
        kind = settings.get("_class_name", FOLDER_VAES[0])
        check_vae_folder(path, {**settings, "_class_name": kind}, f"The VAE {source}", channels)
        check_vae_family(source, settings, sdxl=sdxl)
        return getattr(diffusers, kind).from_pretrained(source, dtype=dtype, use_safetensors=True, **where)


def usual_vae(config: StreamConfig, dtype: torch.dtype, progress: Progress, warned: list[str]) -> Any:
    """What SDXL is drawn with where no VAE is named; None, and a line in `warned`, where it is not to be had."""
    try:
        return load_vae(TINY_VAE, config, dtype, progress, sdxl=True)
    except ModelError as error:
        why = "is not on this machine" if config.offline else f"could not be fetched ({str(error)[:160]})"
        warned.append(
            f"{TINY_VAE}, the small VAE that SDXL is drawn with, {why}: the model's own is used, which takes longer. "
            "Run once with the network, or name a VAE with --vae; 'own' keeps to this one."
        )
        return None


def _of_file(file: WeightFile, dtype: torch.dtype, *, sdxl: bool) -> Any:
    """A VAE of one file, in either layout; its shape is read from its tensors, so that nothing else is asked."""
    import diffusers
    from safetensors.torch import load_file

    kind = vae_kind(file.tensors)
    what = f"The VAE {file.path.name}"
    with as_model_error(what):
        weights = {name.removeprefix(VAE): weight for name, weight in load_file(str(file.path)).items()}
        if kind == "AutoencoderTiny":
            return _tiny(what, weights, dtype)
        vae: Any = diffusers.AutoencoderKL
        settings = _settings_of(weights)
        if sdxl:
            settings |= {"scaling_factor": SCALING, "force_upcast": not says_fp16_fixed(file.path)}
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_text(json.dumps(settings), "utf-8")
            network = vae.from_single_file(
                {name: weight for name, weight in weights.items() if name.split(".")[0] in _HALVES},
                config=folder,
                dtype=dtype,
                local_files_only=True,
            )
    check_missing(what, [name for name, weight in network.named_parameters() if weight.is_meta])
    return network


def _tiny(what: str, weights: dict[str, Any], dtype: torch.dtype) -> Any:
    """A tiny VAE (TAESD and its like), whose blocks are counted in its tensors; its scaling is TAESD's own."""
    from diffusers import AutoencoderTiny

    encoder, decoder = (_stages(weights, half) for half in ("encoder", "decoder"))
    network: Any = AutoencoderTiny(
        encoder_block_out_channels=tuple(channels for channels, _ in encoder[:-1]),
        decoder_block_out_channels=tuple(channels for channels, _ in decoder[:-1]),
        num_encoder_blocks=tuple(blocks for _, blocks in encoder[:-1]),
        num_decoder_blocks=tuple(blocks for _, blocks in decoder[:-1]),
        latent_channels=weights["decoder.layers.0.weight"].shape[1],
    )
    missing, _ = network.load_state_dict(
        {name: weight for name, weight in weights.items() if name.split(".")[0] in ("encoder", "decoder")},
        strict=False,
    )
    check_missing(what, missing)
    return network.to(dtype).eval()


def _stages(weights: dict[str, Any], half: str) -> list[tuple[int, int]]:
    """Of each convolution of one half, in order: its output channels, and how many blocks follow it."""
    stages: list[tuple[int, int]] = []
    layers = {int(name.split(".")[2]) for name in weights if name.startswith(f"{half}.layers.")}
    for number in sorted(layers):
        plain = weights.get(f"{half}.layers.{number}.weight")
        if plain is not None:
            stages.append((plain.shape[0], 0))
        else:
            channels, blocks = stages[-1]
            stages[-1] = channels, blocks + 1
    return stages


_HALVES = ("encoder", "decoder", "quant_conv", "post_quant_conv")


def _settings_of(weights: dict[str, Any]) -> dict[str, Any]:
    """The configuration that a KL VAE's tensors tell; groups and scaling are those of Stable Diffusion."""
    block = re.compile(r"^encoder\.(?:down|down_blocks)\.(\d+)\.(?:block|resnets)\.(\d+)\.conv1\.weight$")
    found = {(int(m[1]), int(m[2])): weights[name].shape[0] for name in weights if (m := block.match(name))}
    levels = max(level for level, _ in found) + 1
    channels = [found[level, 0] for level in range(levels)]
    groups = next(number for number in (_USUAL_GROUPS, 16, 8, 4, 2, 1) if all(c % number == 0 for c in channels))
    return {
        "_class_name": "AutoencoderKL",
        "block_out_channels": channels,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": weights["decoder.conv_in.weight"].shape[1],
        "layers_per_block": max(number for _, number in found) + 1,
        "norm_num_groups": groups,
        "scaling_factor": OTHER_SCALING,
        "use_quant_conv": "quant_conv.weight" in weights,
        "use_post_quant_conv": "post_quant_conv.weight" in weights,
    }
