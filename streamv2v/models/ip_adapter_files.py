"""Which files an IP-Adapter is, which sort it is, and whether it fits the model; nothing is loaded.

Standard library alone: the host process asks before an engine is started.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..config import EMBEDDED_MODEL, StreamConfig
from ..errors import ModelError
from .asking import Warn, Wish, asked
from .checks import check_weights
from .hub import chosen_weights, home_path, hub_file
from .model_facts import ModelFacts, count_parameters, tensors_of
from .weight_files import WeightFile, check_suffix, read_config, read_table

ENCODER_FOLDER = "image_encoder"
"""Where the image encoder lies beside an adapter, or one folder above."""
ENCODER_CLASS = "CLIPVisionModelWithProjection"
PLAIN, PLUS, FULL = "plain", "plus", "full"


@dataclass(frozen=True)
class FoundAdapter:
    """An IP-Adapter on this machine.

    Attributes:
        path: its file.
        encoder: the folder of the CLIP image encoder that it was trained with.
        sort: "plain" sees the picture as one vector, "plus" and "full" as the encoder's tokens.
        parameters, encoder_parameters: floating-point numbers in either.
    """

    path: Path
    encoder: Path
    sort: str
    parameters: int = 0
    encoder_parameters: int = 0


def find_adapter(config: StreamConfig, *, half: bool, warn: Warn = lambda _line: None) -> FoundAdapter:
    """The adapter that `config.ip_adapter` names; files of the hub are fetched, unless the configuration is offline.

    Args:
        half: half-precision weights where the hub has them.
        warn: told that the hub could not be reached and what was kept is used.
    Raises:
        ModelError: it cannot be had, is something else, or has no encoder that fits.
    """
    assert config.ip_adapter is not None
    found = find_adapter_here(config)
    return found if found is not None else _fetched(config, half, warn)


def check_ip_adapter(config: StreamConfig) -> None:
    """See, at no cost and without the network, whether `config.ip_adapter` can be used with its model.

    Raises:
        ModelError: it cannot; what was found and what to do.
    """
    if config.ip_adapter is None:
        return
    if config.model == EMBEDDED_MODEL:
        raise ModelError(
            "ip_adapter: none is made for the embedded model. Choose a Stable Diffusion model with --model, or leave "
            "--ip-adapter out."
        )
    found = find_adapter_here(config)
    if found is not None and home_path(config.model).is_dir():
        check_adapter_fits(found, read_config(home_path(config.model) / "unet"))


def find_adapter_here(config: StreamConfig) -> FoundAdapter | None:
    """The adapter's files on this machine; None for one of the hub.

    Raises:
        ModelError: they are not there, or something else.
    """
    source = config.ip_adapter or ""
    path = home_path(source)
    if not path.exists() and not path.is_symlink() and hub_file(source):
        return None
    check_suffix(path, "The IP-Adapter")
    if not path.is_file():
        raise ModelError(
            f"The IP-Adapter {source!r} was looked for and is not there. Give its .safetensors file, or one of the "
            "hub such as h94/IP-Adapter/models/ip-adapter_sd15.safetensors."
        )
    places = [path.parent / ENCODER_FOLDER, path.parent.parent / ENCODER_FOLDER]
    if config.ip_adapter_encoder:
        places = [home_path(config.ip_adapter_encoder)]
    encoder = next((place for place in places if (place / "config.json").is_file()), None)
    if encoder is None:
        raise ModelError(
            f"The image encoder of {path.name} was looked for in {places[0]} and is not there. Copy the folder "
            f"{ENCODER_FOLDER} beside the file, or name it with engine.ip_adapter_encoder."
        )
    return looked_at(path, encoder)


def looked_at(path: Path, encoder: Path) -> FoundAdapter:
    """The adapter with its sort, held against the encoder.

    Raises:
        ModelError: no adapter, one that needs another network, or an encoder of another width.
    """
    file, settings = read_table(path), read_config(encoder)
    sort, width = sort_of(file)
    kind = (settings.get("architectures") or [ENCODER_CLASS])[0]
    if kind != ENCODER_CLASS:
        raise ModelError(f"{encoder} is a {kind}; the image encoder of an IP-Adapter is a {ENCODER_CLASS}.")
    check_weights(encoder)
    given = settings.get("projection_dim", 512) if sort == PLAIN else settings.get("hidden_size", 768)
    if width != given:
        raise ModelError(
            f"{path.name} reads an encoder of width {width} and the one in {encoder} has {given}. "
            "Take the encoder that came with the adapter."
        )
    count = sum(many for _, many in tensors_of(path))
    return FoundAdapter(path, encoder, sort, count, count_parameters(encoder))


def sort_of(file: WeightFile) -> tuple[str, int]:
    """What an adapter makes of a picture, and the width of the encoder that it reads.

    Raises:
        ModelError: the file is no IP-Adapter, or one for a face recogniser.
    """
    names, name = file.tensors, file.path.name
    if not {"ip_adapter", "image_proj"} <= {key.partition(".")[0] for key in names}:
        raise ModelError(f"{name} is no IP-Adapter: it holds no image_proj and ip_adapter.")
    for sort, key in ((PLAIN, "proj.weight"), (FULL, "proj.0.weight"), (PLUS, "proj_in.weight")):
        faceless = not any("perceiver_resampler" in key for key in names) and (
            sort != FULL or "image_proj.proj.3.weight" in names
        )
        if faceless and (shape := file.shape(f"image_proj.{key}")):
            return sort, shape[1]
    raise ModelError(
        f"{name} is an IP-Adapter for a face recogniser (FaceID), whose weights are not free. "
        "Choose a plus-face or full-face one, which sees faces with the image encoder."
    )


def check_adapter_fits(found: FoundAdapter, unet: dict[str, Any]) -> None:
    """See that an adapter is made for a U-Net that reads text of that width.

    Args:
        unet: the U-Net's configuration.
    Raises:
        ModelError: it is not; says both.
    """
    file = read_table(found.path)
    width = next((tensor.shape[1] for name, tensor in file.tensors.items() if name.endswith("to_k_ip.weight")), 0)
    wanted = unet.get("cross_attention_dim", 1280)
    if isinstance(wanted, int) and width != wanted:
        raise ModelError(
            f"{found.path.name} is made for another model: it speaks to text of width {width}, and the U-Net reads "
            f"{wanted}. Choose one for this model's family."
        )


def with_adapter(facts: ModelFacts, config: StreamConfig, *, half: bool) -> ModelFacts:
    """The facts of a model with those of `config.ip_adapter`; files of the hub are fetched as in `find_adapter`.

    Raises:
        ModelError: it cannot be had.
    """
    if config.ip_adapter is None:
        return facts
    found = find_adapter(config, half=half)
    more = {"ip_adapter": found.parameters, "image_encoder": found.encoder_parameters}
    return replace(facts, parameters={**facts.parameters, **more})


def _fetched(config: StreamConfig, half: bool, warn: Warn) -> FoundAdapter:
    from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache

    source = config.ip_adapter or ""
    repository, name = hub_file(source) or ("", "")
    folders = [f"{folder}/{ENCODER_FOLDER}" if folder else ENCODER_FOLDER for folder in _above(name)]
    own = home_path(config.ip_adapter_encoder) if config.ip_adapter_encoder else None

    def inside(root: Path) -> FoundAdapter | None:
        places = [own] if own else [root / folder for folder in folders]
        encoder = next((place for place in places if (place / "config.json").is_file()), None)
        return looked_at(root / name, encoder) if encoder is not None and (root / name).is_file() else None

    def fetch() -> FoundAdapter:
        files = [file.rfilename for file in HfApi().model_info(repository).siblings or []]
        wanted = [name]
        for folder in folders:
            of_encoder = [file for file in files if file.startswith(f"{folder}/")]
            if of_encoder and own is None:
                wanted += [f"{folder}/config.json", *chosen_weights(of_encoder, half=half)]
                break
        found = inside(Path(snapshot_download(repository, allow_patterns=wanted, cache_dir=config.cache_dir)))
        if found is None:
            raise ModelError(f"{repository} has no {name} with an {ENCODER_FOLDER} beside it.")
        return found

    def kept() -> FoundAdapter | None:
        file = try_to_load_from_cache(repository, name, cache_dir=config.cache_dir)
        return inside(Path(file).parents[name.count("/")]) if isinstance(file, str) else None

    wish = Wish("IP-Adapter", source, repository, "give its file")
    return asked(wish, fetch, kept=kept, offline=config.offline, warn=warn)


def _above(name: str) -> list[str]:
    """The folder of a file in a repository and those above it, nearest first; "" is the topmost."""
    folders = name.split("/")[:-1]
    return ["/".join(folders[:count]) for count in range(len(folders), -1, -1)]
