"""Textual inversion embeddings (arXiv:2208.01618) in a folder: found and measured by their headers alone.

The file's name is the word that stands for it in a prompt. Standard library only: the vectors are read where the text
encoder is.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError

SUFFIX = ".safetensors"
OTHER_SUFFIXES = (".pt", ".bin")
VALUES = "emb_params"
PAIR = ("clip_l", "clip_g")
"""The tensors of one for the SDXL family, for its first and its second text encoder."""
_HEADER_LIMIT = 1 << 20
_FORMATS = ("F16", "BF16", "F32", "F64")


@dataclass(frozen=True)
class Inversion:
    """One embedding.

    Attributes:
        name: what stands for it in a prompt.
        path, keys: the file, and the tensor in it for each text encoder.
        vectors: places that it takes in a prompt.
        widths: C of its vectors for each text encoder.
    """

    name: str
    path: Path
    keys: tuple[str, ...]
    vectors: int
    widths: tuple[int, ...]


def inversions_in(folder: str | Path) -> tuple[list[Inversion], list[str]]:
    """The embeddings of a folder, and what is passed over in it, one line each.

    Raises:
        ModelError: there is no such folder.
    """
    try:
        home = Path(folder).expanduser()
        files = sorted(home.iterdir())
    except (OSError, RuntimeError, ValueError):
        raise ModelError(
            f"The folder of embeddings {str(folder)!r} was looked for and is not there. Give a folder, or unset it."
        ) from None
    found: list[Inversion] = []
    passed: list[str] = []
    for path in files:
        if path.suffix.lower() in OTHER_SUFFIXES:
            passed.append(f"{path.name}: only .safetensors files are opened; {path.suffix} files can run code")
        elif path.suffix.lower() == SUFFIX:
            try:
                found.append(_measured(path))
            except (OSError, ValueError) as error:
                passed.append(f"{path.name}: {error}")
    return found, passed


def fitting(found: list[Inversion], *, widths: tuple[int, ...], room: int) -> tuple[list[Inversion], list[str]]:
    """Those for text encoders of these widths and this length, one of each name; why others are not, one line each."""
    fit: dict[str, Inversion] = {}
    passed: list[str] = []
    for one in found:
        if len(one.widths) > len(widths):
            passed.append(f"{one.path.name}: it is made for the SDXL family, which has two text encoders")
        elif len(one.widths) < len(widths):
            passed.append(f"{one.path.name}: it is made for one text encoder, and the model has two")
        elif one.widths != widths:
            passed.append(
                f"{one.path.name}: its vectors are {_wide(one.widths)} wide, the model's text is {_wide(widths)}"
            )
        elif one.vectors > room:
            passed.append(f"{one.path.name}: it has {one.vectors} vectors, and a prompt's chunk takes {room}")
        elif one.name.casefold() in fit:
            passed.append(f"{one.path.name}: another one has this name")
        else:
            fit[one.name.casefold()] = one
    return list(fit.values()), passed


def _measured(path: Path) -> Inversion:
    """Name and measures of a file by its header; `ValueError` says what it is instead."""
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= _HEADER_LIMIT:
            raise ValueError("it is no safetensors file, or too large for an embedding")
        try:
            header = json.loads(file.read(length))
            tensors = {name: value for name, value in header.items() if name != "__metadata__"}
            shapes = {name: tuple(map(int, value["shape"])) for name, value in tensors.items()}
            formats = {name: value["dtype"] for name, value in tensors.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ValueError("its header is damaged; copy it again") from None
    if set(PAIR) <= shapes.keys():
        return _pair(path, shapes, formats)
    key = VALUES if VALUES in shapes else next(iter(shapes), "")
    shape = shapes.get(key, ())
    if (key != VALUES and len(shapes) != 1) or len(shape) not in (1, 2) or not math.prod(shape):
        raise ValueError("it is no textual inversion embedding")
    if formats[key] not in _FORMATS:
        raise ValueError(f"its numbers are {formats[key]}, which no embedding is kept in")
    return Inversion(path.stem, path, (key,), 1 if len(shape) == 1 else shape[0], (shape[-1],))


def _pair(path: Path, shapes: dict[str, tuple[int, ...]], formats: dict[str, str]) -> Inversion:
    """One for the two text encoders of the SDXL family."""
    first, second = (shapes[key] for key in PAIR)
    if not len(first) == len(second) == 2 or first[0] != second[0] or not math.prod((*first, *second)):
        raise ValueError("it is no textual inversion embedding")
    if not {formats[key] for key in PAIR} <= set(_FORMATS):
        raise ValueError("its numbers are of a format that no embedding is kept in")
    return Inversion(path.stem, path, PAIR, first[0], (first[1], second[1]))


def _wide(widths: tuple[int, ...]) -> str:
    return " and ".join(map(str, widths))
