"""What a configuration names, looked at before anything of it is loaded: model, LoRAs, VAE, and whether they fit.

Standard library and numpy only, and no network: what the host process can see to be wrong costs no start of an engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ..config import EMBEDDED_MODEL, StreamConfig
from ..errors import ModelError
from .families import TAKEN, check_channels, check_checkpoint, check_index, latent_channels, text_width, vae_kind
from .hub import HUB_ID, PARTS, WEIGHTY, chosen_weights, find_folder, home_path, hub_file, is_cached, is_single_file
from .lora_files import check_lora_file
from .sdxl import SECOND_PARTS, SINGLE_FILE_CONFIG, check_fits, check_vae_family, is_sdxl, is_sdxl_file
from .weight_files import AGAIN, check_suffix, looking_at, number_in, read_config, read_json, read_table

LORA_NAME = "pytorch_lora_weights.safetensors"
"""What diffusers calls the LoRA of a folder."""
FOLDER_VAES = ("AutoencoderTiny", "AutoencoderKL")
SINGLE_FILE_CONFIGS = ("stable-diffusion-v1-5/stable-diffusion-v1-5", "stabilityai/stable-diffusion-2-1")
"""Hub ids that diffusers asks for the configuration of a single file of version 1 and 2."""
_WEIGHTY = (*WEIGHTY, "safety_checker")


class Reads(NamedTuple):
    """What a model reads of a prompt.

    Attributes:
        width: of the text; 0 where it is not known.
        sdxl: whether it is of the SDXL family; None where it is not known.
    """

    width: int = 0
    sdxl: bool | None = None


UNKNOWN = Reads()


def check_config(config: StreamConfig) -> None:
    """See, at no cost and without the network, whether model, LoRAs and VAE of `config` can be used together.

    Raises:
        ModelError: one cannot; names it and says what was found and what to do.
    """
    reads = check_model(config.model, config)
    for lora in config.loras:
        check_lora(lora.source, reads)
    if config.named_vae:
        check_vae(config.named_vae, channels=latent_channels_of(config.model), sdxl=reads.sdxl)


def parts_of(config: StreamConfig) -> tuple[str, ...]:
    """The sub-folders of a model that `config` needs; its own VAE only where no other is named."""
    parts = tuple(part for part in PARTS if part != "vae" or not config.named_vae)
    return (*parts, "safety_checker", "feature_extractor") if config.safety_checker else parts


def check_model(model: str, config: StreamConfig | None = None) -> Reads:
    """See, at no cost and without the network, whether `model` can be one; a hub id always can.

    Raises:
        ModelError: a path that is not there, a folder that lacks a part, a file that is not opened, another family.
    """
    config = config or StreamConfig(model=model)
    with looking_at(f"the model {model}"):
        if is_single_file(model):
            return _check_checkpoint(check_single_file(model), config)
        if model == EMBEDDED_MODEL:
            return Reads(int(read_config(find_folder(model) / "unet").get("cross_attention_dim", 0)), False)
        if home_path(model).is_dir() or not HUB_ID.match(model):
            return check_folder(find_folder(model), parts_of(config))
        return UNKNOWN


def check_single_file(model: str) -> Path:
    """The checkpoint's path.

    Raises:
        ModelError: it is not there, or could run code when opened.
    """
    path = home_path(model)
    check_suffix(path, "The checkpoint")
    if not path.is_file() and not path.is_symlink():
        raise ModelError(f"The checkpoint {model} was looked for and is not there. Check the path.")
    return path


def check_lora(source: str, reads: Reads = UNKNOWN) -> None:
    """See, at no cost and without the network, whether `source` can be a LoRA; a hub id always can.

    Args:
        reads: what the model reads.
    Raises:
        ModelError: a path that is not there, a file that is not opened or no LoRA for that model.
    """
    path = home_path(source)
    if not path.exists() and not path.is_symlink():
        if hub_file(source):
            return
        if path.suffix == ".safetensors" or not HUB_ID.match(source):
            raise ModelError(f"The LoRA {source!r} was looked for and is not there. Give a file, a folder or a hub id.")
        return
    if path.is_dir():
        path = path / pick_lora([file.name for file in path.iterdir()], source)
    check_suffix(path, "The LoRA")
    check_lora_file(path, width=reads.width, sdxl=reads.sdxl)


def pick_lora(names: Iterable[str], source: str) -> str:
    """Which of a folder's files is the LoRA.

    Raises:
        ModelError: none or several can be; says what was found.
    """
    names = sorted(names)
    weights = [name for name in names if name.endswith(".safetensors") and "/" not in name]
    if LORA_NAME in weights:
        return LORA_NAME
    if len(weights) == 1:
        return weights[0]
    if weights:
        shown = ", ".join(weights[:5]) + (", ..." if len(weights) > 5 else "")
        raise ModelError(
            f"The LoRA {source} holds {len(weights)} files ({shown}): name one of them, behind the folder or hub id."
        )
    pickles = [name for name in names if name.endswith((".bin", ".pt", ".ckpt"))]
    found = f" only {pickles[0]}, which can run code and is not opened" if pickles else " no .safetensors file"
    raise ModelError(f"The LoRA {source} has{found}. Choose one with a .safetensors file.")


def latent_channels_of(model: str) -> int:
    """Channels of the latent that the U-Net of `model` takes; 4, the family's, where no file here says it."""
    if is_single_file(model) or not (model == EMBEDDED_MODEL or home_path(model).is_dir()):
        return 4
    return number_in(read_config(find_folder(model) / "unet"), "in_channels", 4)


def check_vae(source: str, *, channels: int = 4, sdxl: bool | None = None) -> None:
    """See, at no cost and without the network, whether `source` can be a VAE; a hub id always can.

    Args:
        channels: of the latent that the U-Net takes.
        sdxl: whether the model is of the SDXL family; None where it is not known.
    Raises:
        ModelError: what is not there, is no VAE that is taken, or one of other channels or of another family.
    """
    path = home_path(source)
    if sdxl is not None:
        settings = read_config(path) if path.is_dir() and (path / "config.json").is_file() else {}
        check_vae_family(source, settings, sdxl=sdxl)
    if path.is_file() or path.is_symlink() or is_single_file(source):
        check_suffix(path, "The VAE")
        if not path.exists() and not path.is_symlink():
            raise ModelError(f"The VAE {source!r} was looked for and is not there. Check the path.")
        file = read_table(path)
        if not vae_kind(file.tensors):
            raise ModelError(f"The VAE {path.name} is none that is taken: it holds no encoder and decoder of one.")
        _check_latent(f"The VAE {path.name}", latent_channels(file), channels)
    elif path.is_dir():
        if (path / "model_index.json").exists():
            raise ModelError(f"The VAE {source} is a whole model. Name the VAE in it: {path / 'vae'}.")
        check_vae_folder(path, read_config(path), f"The VAE {source}", channels)
        check_weights(path)
    elif not HUB_ID.match(source):
        raise ModelError(
            f"The VAE {source!r} was looked for as a folder and is not there. "
            "Give a folder, a .safetensors file or a hub id."
        )


def check_folder(folder: Path, parts: Iterable[str] = PARTS) -> Reads:
    """See that `folder` is a diffusers folder of these families with all it needs.

    Raises:
        ModelError: names what is missing, torn, or of another kind.
    """
    parts = tuple(parts)
    if not (folder / "model_index.json").is_file():
        raise ModelError(f"{folder} is no diffusers model folder: it has no model_index.json. Choose another one.")
    check_index(folder, read_json(folder / "model_index.json"))
    unet = read_config(folder / "unet") if (folder / "unet").is_dir() else {}
    parts += SECOND_PARTS if is_sdxl(unet) else ()
    missing = [part for part in parts if not (folder / part).is_dir() and part in (*PARTS, *SECOND_PARTS)]
    if missing:
        words = ", ".join("U-Net (unet/)" if part == "unet" else f"{part}/" for part in missing)
        hint = " Or name one with --vae." if missing == ["vae"] else ""
        raise ModelError(f"The model folder {folder} is incomplete: it has no {words}. {AGAIN}{hint}")
    if unet.get("addition_embed_type") not in (None, "text", "text_time"):
        raise ModelError(f"{folder} has a U-Net that wants more than a prompt. {TAKEN}")
    check_channels(f"The model in {folder}", [number_in(unet, "in_channels", 4)])
    if "vae" in parts:
        check_vae_folder(
            folder / "vae", read_config(folder / "vae"), f"The VAE of {folder}", number_in(unet, "in_channels", 4)
        )
    reads = _check_text(folder, unet)
    for part in parts:
        if part in _WEIGHTY and (folder / part).is_dir():
            check_weights(folder / part)
    for part in (part for part in parts if part.startswith("tokenizer")):
        _check_tokenizer(folder / part)
    return reads


def _check_text(folder: Path, unet: dict[str, Any]) -> Reads:
    """See that the U-Net reads what the text encoders write."""
    text = read_config(folder / "text_encoder")
    if is_sdxl(unet):
        return Reads(check_fits(folder, unet, text, read_config(folder / "text_encoder_2")), True)
    width, given = unet.get("cross_attention_dim", 1280), text.get("hidden_size", 512)
    if unet.get("encoder_hid_dim") is None and isinstance(width, int) and width != given:
        raise ModelError(
            f"The model in {folder} does not fit together: its U-Net reads text of width {width} and its text encoder "
            f"writes {given}. {AGAIN}"
        )
    return Reads(width if isinstance(width, int) else 0, False)


def check_weights(folder: Path) -> None:
    """See that a part's weights are there and whole.

    Raises:
        ModelError: there are none that are opened, or one is torn; names the file.
    """
    names = sorted(path.name for path in folder.iterdir())
    weights = [name for name in names if name.endswith(".safetensors")]
    if not weights:
        pickles = [name for name in names if name.endswith((".bin", ".ckpt", ".pt"))]
        found = f"only {pickles[0]}" if pickles else "none"
        raise ModelError(
            f"{folder} has no .safetensors weights ({found}); other formats can run code and are not opened. "
            "Choose a model with .safetensors files, or copy it again."
        )
    for name in weights:
        if name in chosen_weights(weights, half=True) + chosen_weights(weights, half=False):
            read_table(folder / name)


def check_vae_folder(folder: Path, settings: dict[str, Any], what: str, channels: int) -> None:
    """See that a folder's configuration is that of a VAE that fits.

    Raises:
        ModelError: another kind of VAE, or one of other channels than the U-Net.
    """
    kind = settings.get("_class_name", "")
    if kind not in FOLDER_VAES:
        raise ModelError(f"{what} is a {kind or 'model of no named kind'}; wanted is {' or '.join(FOLDER_VAES)}.")
    _check_latent(what, number_in(settings, "latent_channels", 4), channels)


def _check_latent(what: str, found: int, wanted: int) -> None:
    if found and found != wanted:
        example = ", such as madebyollin/taesd" if wanted == 4 else ", such as the one that the model carries"
        raise ModelError(
            f"{what} has {found} latent channels and the U-Net takes {wanted}. Choose a VAE with {wanted}{example}."
        )


def _check_checkpoint(path: Path, config: StreamConfig) -> Reads:
    file = read_table(path)
    sdxl = is_sdxl_file(file.tensors)
    known = (SINGLE_FILE_CONFIG,) if sdxl else SINGLE_FILE_CONFIGS
    check_checkpoint(file)
    names = {name.removeprefix("first_stage_model.") for name in file.tensors if name.startswith("first_stage_model.")}
    # SDXL is drawn with a VAE of its own unless the file's is asked for
    if not config.named_vae and not vae_kind(names) and not (sdxl and config.vae is None):
        raise ModelError(f"The checkpoint {path.name} carries no VAE; name one with --vae.")
    source = config.single_file_config
    if source:
        _check_single_file_config(source)
    elif config.offline and not any(is_cached(name, config.cache_dir) for name in known):
        raise ModelError(
            f"The checkpoint {path.name} holds weights alone, and the configuration for them is not on this machine. "
            "Name a folder that has it with engine.single_file_config (--single-file-config), or run once with the "
            "network and without --offline."
        )
    return Reads(text_width(file), sdxl)


def _check_single_file_config(source: str) -> None:
    folder = home_path(source)
    if folder.is_dir():
        if not (folder / "model_index.json").is_file():
            raise ModelError(f"single_file_config: {source} is no diffusers model folder: it has no model_index.json.")
    elif not HUB_ID.match(source):
        raise ModelError(f"single_file_config: {source!r} was looked for as a folder and is not there.")


def _check_tokenizer(folder: Path) -> None:
    names = {path.name for path in folder.iterdir() if path.exists() and path.stat().st_size > 2}
    if "tokenizer.json" in names or {"vocab.json", "merges.txt"} <= names:
        return
    raise ModelError(f"The tokenizer {folder} is empty: it has neither tokenizer.json nor vocab.json. {AGAIN}")
