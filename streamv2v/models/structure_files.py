"""Which files a structure network is, what they are, and whether it fits the model; nothing is loaded.

Standard library alone: the host process asks before an engine is started.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..config import EMBEDDED_MODEL, StreamConfig
from ..errors import ModelError
from ..steering import Structure
from .asking import Warn, Wish, asked
from .checks import check_weights
from .hub import HUB_ID, cached_folder, chosen_weights, home_path, is_single_file
from .model_facts import ModelFacts, count_parameters, tensors_of
from .weight_files import check_suffix, read_config, read_table

CONTROL, UNION, ADAPTER = "ControlNetModel", "ControlNetUnionModel", "T2IAdapter"
CLASSES = (CONTROL, UNION, ADAPTER)
FILE_MARKS = ("controlnet_cond_embedding.", "input_hint_block.", "control_model.")
"""Words in the tensors' names of a ControlNet in one file, in diffusers' layout and in the original one."""


@dataclass(frozen=True)
class Found:
    """A structure network on this machine.

    Attributes:
        path: its folder, or its file.
        kind: its class in diffusers, one of `CLASSES`.
        settings: its configuration; empty for a single file, whose configuration the loader finds.
        parameters: floating-point numbers in it.
    """

    path: Path
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0


def find(structure: Structure, config: StreamConfig, *, half: bool, warn: Warn = lambda _line: None) -> Found:
    """The network's files; those of the hub are fetched, unless the configuration is offline.

    Args:
        half: half-precision weights where the hub has them.
        warn: told that the hub could not be reached and what was kept is used.
    Raises:
        ModelError: they cannot be had, or are none of a structure network.
    """
    found = find_here(structure)
    return found if found is not None else of_folder(_fetched(structure.source, config, half, warn))


def check_structure(config: StreamConfig) -> None:
    """See, at no cost and without the network, whether what `config.structure` names can be used with its model.

    Raises:
        ModelError: it cannot; what was found and what to do.
    """
    if config.structure and config.model == EMBEDDED_MODEL:
        raise ModelError(
            "structure: no network is made for the embedded model. Choose a Stable Diffusion model with --model, or "
            "leave --structure out."
        )
    for structure in config.structure:
        found = find_here(structure)
        if found is not None and found.settings and home_path(config.model).is_dir():
            check_fit(structure, found, read_config(home_path(config.model) / "unet"))


def with_structure(facts: ModelFacts, config: StreamConfig, *, half: bool) -> ModelFacts:
    """The facts of a model with those of `config.structure`; networks of the hub are fetched as in `find`.

    Raises:
        ModelError: one cannot be had.
    """
    every = {one.source: one for one in config.structure}
    count = sum(find(one, config, half=half).parameters for one in every.values())
    return replace(facts, parameters={**facts.parameters, "structure": count}) if every else facts


def find_here(structure: Structure) -> Found | None:
    """The network's files on this machine; None for a hub id.

    Raises:
        ModelError: they are not there, incomplete or something else.
    """
    source = structure.source
    path = home_path(source)
    if path.is_file() or path.is_symlink() or is_single_file(source):
        return _of_file(path)
    if path.is_dir():
        return of_folder(path)
    if not HUB_ID.match(source):
        raise ModelError(
            f"The structure network {source!r} was looked for and is not there. "
            "Give a folder, a .safetensors file or a hub id."
        )
    return None


def of_folder(path: Path) -> Found:
    """The network in a folder.

    Raises:
        ModelError: there is none, or not all of it.
    """
    settings = read_config(path)
    kind = settings.get("_class_name")
    if kind not in CLASSES:
        raise ModelError(
            f"{path} is a {kind or 'folder of no named kind'} and no structure network; wanted is {', '.join(CLASSES)}."
        )
    check_weights(path)
    return Found(path, kind, settings, count_parameters(path))


def _of_file(path: Path) -> Found:
    check_suffix(path, "The structure network")
    if not path.is_file():
        raise ModelError(f"The structure network {path} was looked for and is not there. Check the path.")
    names = read_table(path).tensors
    if not any(mark in name for name in names for mark in FILE_MARKS):
        raise ModelError(
            f"{path.name} is no ControlNet in one file. Choose one, or the folder of a ControlNet or T2I-Adapter."
        )
    return Found(path, CONTROL, parameters=sum(count for _, count in tensors_of(path)))


def check_fit(structure: Structure, found: Found, unet: dict[str, Any]) -> None:
    """See that a network's answers have the shapes that the U-Net adds them to, and that both read the same text.

    Args:
        unet: the U-Net's configuration.
    Raises:
        ModelError: they do not; says both.
    """
    ours = found.settings.get("channels" if found.kind == ADAPTER else "block_out_channels")
    if found.settings.get("adapter_type") == "full_adapter_xl" and ours:
        ours = ours[:-1]  # the last of an SDXL adapter is for the middle
    pairs = [("levels", ours, unet.get("block_out_channels"))]
    if found.kind != ADAPTER:
        pairs.append(("text width", found.settings.get("cross_attention_dim"), unet.get("cross_attention_dim")))
    for what, given, wanted in pairs:
        if given is not None and wanted is not None and _plain(given) != _plain(wanted):
            raise ModelError(
                f"The structure network {structure.source} is made for another model: its {what} are {_plain(given)} "
                f"and the U-Net's {_plain(wanted)}. Choose one for this model's family."
            )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


def _fetched(source: str, config: StreamConfig, half: bool, warn: Warn) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    def fetch() -> Path:
        names = [file.rfilename for file in HfApi().model_info(source).siblings or [] if "/" not in file.rfilename]
        wanted = ["config.json", *chosen_weights(names, half=half)]
        return Path(snapshot_download(source, allow_patterns=wanted, cache_dir=config.cache_dir))

    wish = Wish("structure network", source, source, "give its folder")
    kept = partial(cached_folder, source, config.cache_dir, "config.json")
    return asked(wish, fetch, kept=kept, offline=config.offline, warn=warn)
