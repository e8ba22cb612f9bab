"""What LoRAs that are put on while the model runs take of memory, from the tables of the files in their folder.

What a layer was before is kept for as long as a LoRA is on it, and what it becomes is made beside it, so that each
layer that a file of the folder may change is there up to twice more. Standard library only: the host process asks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..config import EMBEDDED_MODEL, StreamConfig
from ..errors import ModelError
from .families import adapter_kind, text_width
from .hub import home_path
from .lycoris_files import is_lycoris
from .model_facts import ModelFacts
from .sdxl import is_sdxl, is_sdxl_lora
from .weight_files import WeightFile, read_table

SUFFIX = ".safetensors"
FILES_KEPT = 8
"""Files whose own numbers stay in memory, ready for another scale."""
CHANGED = ("unet", "text_encoder", "text_encoder_2")
"""Parts of a model that a LoRA may change."""
_DOWN = re.compile(r"^(.+?)[._]lora(?:_linear_layer)?[._](?:down|A)(?:\.\w+)?\.weight$")


def with_loras(facts: ModelFacts, config: StreamConfig) -> ModelFacts:
    """The facts of a model with those of the LoRAs in `config.loras_folder`; files that do not fit it are passed over.

    A file's layers are those of its own names; two trainers' names of one layer count twice, up to the whole model.
    """
    if config.loras_folder is None or config.model == EMBEDDED_MODEL:
        return facts
    most = sum(facts.parameters.get(part, 0) for part in CHANGED)
    layers: dict[str, int] = {}
    own: list[int] = []
    for file in _fitting(home_path(config.loras_folder), facts):
        own.append(sum(math.prod(tensor.shape) for tensor in file.tensors.values()))
        # what a LoHa, LoKr or IA3 changes is told by the model alone
        layers |= {"": most} if is_lycoris(file.tensors) else dict(_changed(file))
    kept = sum(sorted(own, reverse=True)[:FILES_KEPT])
    return replace(facts, changed_by_loras=min(most, sum(layers.values())), loras=kept)


def _fitting(folder: Path, facts: ModelFacts) -> Iterator[WeightFile]:
    sdxl, width = is_sdxl(facts.unet), facts.unet.get("cross_attention_dim")
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path.is_file())
    except OSError:
        return
    for path in paths:
        try:
            file = read_table(path)
        except ModelError:  # said by who puts it on
            continue
        found = text_width(file)
        other = isinstance(width, int) and found and found != width
        if adapter_kind(file.tensors) == "a LoRA" and not other and (sdxl or not is_sdxl_lora(file.tensors)):
            yield file


def _changed(file: WeightFile) -> Iterator[tuple[str, int]]:
    """Name of each layer of a file of plain pairs -> numbers in that layer's weight."""
    halves = {name: tensor.shape for name, tensor in file.tensors.items()}
    for name, down in halves.items():
        if (match := _DOWN.match(name)) is None:
            continue
        other = name[: match.end(1)] + name[match.end(1) :].replace("down", "up").replace("lora_A", "lora_B")
        if up := halves.get(other):
            yield re.sub(r"[._]", "_", match[1]), up[0] * math.prod(down[1:])
