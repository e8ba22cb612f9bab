"""What a LoRA's file is, from its table and its numbers: a LoRA that can fit, or one line that says what else.

Standard library and numpy only: the host process asks before an engine is started.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import ModelError
from .families import adapter_kind, other_family, text_width
from .lycoris_files import is_lycoris, layers_of, text_width_of
from .sdxl import is_sdxl_lora
from .weight_files import Tensor, WeightFile, read_table

SDXL_TEXT_WIDTH = 2048
WIDTHS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", SDXL_TEXT_WIDTH: "SDXL"}
TAKEN = "taken are LoRA, LoHa, LoKr, DoRA and IA3"
_HALF = re.compile(r"^(.*?)[._]?lora(?:_linear_layer)?[._](down|up|A|B)(?:\.[A-Za-z]\w*)?\.weight$")
_BESIDE = (".alpha", ".bias", ".rs_lora")
_CHUNK_BYTES = 16 * 2**20


def check_lora_file(path: Path, *, width: int = 0, sdxl: bool | None = None, numbers: bool = True) -> int:
    """See that a file is a LoRA (plain, LoHa, LoKr, IA3, DoRA) of sound numbers that can fit a model.

    Args:
        width: text width of the model; 0 where it is not known.
        sdxl: whether the model is of the SDXL family; None where it is not known.
        numbers: False reads its table alone, which takes milliseconds whatever its size.
    Returns:
        how many layers it is for.
    Raises:
        ModelError: what it is instead, what family it is of, or what is broken in it.
    """
    file = read_table(path)
    kind = adapter_kind(file.tensors)
    if kind and kind != "a LoRA":
        what = " and no LoRA" if kind.endswith("embedding") else f"; {TAKEN}"
        raise ModelError(f"The LoRA {path.name} is {kind}{what}.")
    many = layers_of(file) if kind and is_lycoris(file.tensors) else {}
    family = _other_family_of(file, width, text_width_of(many) if many else text_width(file), sdxl)
    if not kind:
        of = family or "something else"
        raise ModelError(f"The LoRA {path.name} is {of} and no LoRA: it holds no pair of LoRA weights.")
    if family:
        raise ModelError(f"The LoRA {path.name} is made for {family}, and the model is not. Choose one for this model.")
    layers = len(many) or _check_pairs(file)
    if numbers and (broken := not_finite(file)) is not None:
        raise ModelError(f"The LoRA {path.name} holds numbers that are none (not-a-number, infinite) in {broken}.")
    return layers


def not_finite(file: WeightFile) -> str | None:
    """The first tensor that holds not-a-numbers or infinities; None where all are numbers."""
    with file.path.open("rb") as opened:
        for name, tensor in file.tensors.items():
            if tensor.is_float and not all(_finite(piece, tensor.dtype) for piece in _pieces(opened, file, tensor)):
                return name
    return None


def _pieces(opened: BinaryIO, file: WeightFile, tensor: Tensor) -> Iterator[bytes]:
    opened.seek(file.data_start + tensor.start)
    left = tensor.end - tensor.start
    while left > 0 and (piece := opened.read(min(left, _CHUNK_BYTES))):
        left -= len(piece)
        yield piece


def _finite(raw: bytes, dtype: str) -> bool:
    """Whether all numbers are finite; the exponent of all ones is not-a-number or infinite."""
    if dtype in ("F64", "F32", "F16"):
        return bool(np.isfinite(np.frombuffer(raw, f"<f{int(dtype[1:]) // 8}")).all())
    if dtype == "BF16":
        return not bool(((np.frombuffer(raw, "<u2") & 0x7F80) == 0x7F80).any())
    bits = np.frombuffer(raw, np.uint8) & 0x7F
    return not bool((bits >= 0x7C).any() if dtype == "F8_E5M2" else (bits == 0x7F).any())


def _other_family_of(file: WeightFile, width: int, found_width: int, sdxl: bool | None) -> str:
    names = list(file.tensors)
    if found := other_family(names):
        return found
    if any(name.startswith(("lora_transformer_", "transformer.")) for name in names):
        return "a model with a transformer (FLUX, Stable Diffusion 3)"
    if sdxl is False and is_sdxl_lora(names):
        return WIDTHS[SDXL_TEXT_WIDTH]
    if width and found_width and found_width != width:
        return WIDTHS.get(found_width, f"a text width of {found_width}") + f" (text width {found_width}, here {width})"
    return ""


def _check_pairs(file: WeightFile) -> int:
    """Pairs of LoRA weights, each whole and of one rank."""
    halves: dict[str, dict[str, tuple[int, ...]]] = {}
    strangers = []
    for name, tensor in file.tensors.items():
        if match := _HALF.match(name):
            side = "down" if match[2] in ("down", "A") else "up"
            halves.setdefault(match[1], {})[side] = tensor.shape
            if not tensor.is_float:
                raise ModelError(f"The LoRA {file.path.name} holds weights in {tensor.dtype}, which is not taken.")
        elif not name.endswith(_BESIDE):
            strangers.append(name)
    for layer, pair in halves.items():
        if len(pair) < 2:
            raise ModelError(f"The LoRA {file.path.name} is incomplete: {layer} has one half of its two weights.")
        down, up = pair["down"], pair["up"]
        if len(down) < 2 or len(up) != len(down) or 0 in (*down, *up) or down[0] != up[1]:
            raise ModelError(f"The LoRA {file.path.name} is damaged: in {layer} {down} and {up} make no pair.")
    if not halves or strangers:
        found = f"{len(strangers)} of its {len(file.tensors)} tensors are none ({strangers[0]})" if strangers else ""
        raise ModelError(f"The LoRA {file.path.name} holds more than LoRA weights: {found or 'it has no pair'}.")
    return len(halves)
