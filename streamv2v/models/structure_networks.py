"""Structure networks loaded by diffusers' own classes: ControlNet, ControlNet-Union and T2I-Adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..config import StreamConfig
from ..errors import ModelError
from ..steering import Structure
from .asking import Warn
from .hub import Progress
from .parts import as_model_error, check_finite, check_missing, is_half, load_part
from .structure_files import ADAPTER, UNION, Found, check_fit, check_structure, find

UNION_PLACES = {"softedge": 2, "canny": 3, "lineart": 3, "picture": 6}
"""Where a ControlNet-Union has each kind among those that it was trained with."""


@dataclass(frozen=True)
class StructureNetwork:
    """A loaded structure network.

    Attributes:
        module: of one of diffusers' classes.
        kind: what it is shown, one of `STRUCTURE_KINDS`.
        source: what the person called it.
    """

    module: Any
    kind: str
    source: str

    @property
    def is_adapter(self) -> bool:
        """Whether it answers the picture alone, and not the noise, the step and the prompt as well."""
        return type(self.module).__name__ == ADAPTER

    @property
    def channels(self) -> int:
        """Colours of the picture that it is shown, 1 or 3."""
        return int(self.module.config.in_channels) if self.is_adapter else 3


def load_structure(
    config: StreamConfig, unet: Any, place: Mapping[str, Any], progress: Progress, warn: Warn
) -> tuple[StructureNetwork, ...]:
    """What `config.structure` names; a network that is named twice is loaded once.

    Args:
        unet: of the model that they are to fit.
        place: device and dtype, as a module's `to` takes them.
        warn: told of what was accepted with a loss.
    Raises:
        ModelError: one that cannot be had, is not whole or fits another model.
    """
    check_structure(config)
    modules: dict[str, Any] = {}
    for number, structure in enumerate(config.structure):
        progress(f"loading {structure.source}", number / len(config.structure))
        if structure.source not in modules:
            found = find(structure, config, half=is_half(place["dtype"]), warn=warn)
            check_fit(structure, found, dict(unet.config))
            module = _load(found, place["dtype"], config)
            check_fit(structure, Found(found.path, found.kind, dict(module.config)), dict(unet.config))
            check_finite(module, f"The structure network {structure.source}")
            module.to(**place).eval().requires_grad_(False).to(memory_format=torch.channels_last)
            modules[structure.source] = module
        _check_kind(structure, modules[structure.source])
    return tuple(StructureNetwork(modules[one.source], one.kind, one.source) for one in config.structure)


def _load(found: Found, dtype: torch.dtype, config: StreamConfig) -> Any:
    import diffusers

    kind: Any = getattr(diffusers, found.kind)
    if found.path.is_dir():
        return load_part(kind, found.path, dtype)
    with as_model_error(f"The ControlNet {found.path.name}"):
        module = kind.from_single_file(
            str(found.path), dtype=dtype, local_files_only=config.offline, cache_dir=config.cache_dir
        )
    check_missing(str(found.path), [name for name, weight in module.named_parameters() if weight.is_meta])
    return module


def _check_kind(structure: Structure, module: Any) -> None:
    """See that a network can be shown what it is to be shown.

    Raises:
        ModelError: it takes pictures of other colours, or knows too few kinds.
    """
    name, settings = type(module).__name__, module.config
    if name == UNION and UNION_PLACES[structure.kind] >= settings.num_control_type:
        raise ModelError(
            f"{structure.source} knows {settings.num_control_type} kinds, and {structure.kind} is not one."
        )
    if name == ADAPTER and settings.in_channels not in ((3,) if structure.kind == "picture" else (1, 3)):
        raise ModelError(
            f"{structure.source} is shown pictures of {settings.in_channels} colours, which {structure.kind} has not. "
            "Say another kind, or choose another network."
        )
