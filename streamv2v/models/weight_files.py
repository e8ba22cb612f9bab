"""What a weight file is, from its first bytes: a table of tensors, or something else under that name.

A safetensors file begins with its table, so a look takes milliseconds whatever the size of the model. Standard
library only: the host process asks before an engine is started.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ModelError, StreamV2VError

HEADER_LIMIT_BYTES = 100_000_000
"""A longer table of tensors is no table; the format's own limit."""
ELEMENT_BYTES: dict[str, float] = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0", "I8", "U8", "BOOL"), 1),
    "F4": 0.5,
}
"""Bytes of one element; what else a table names is no number format of safetensors."""
_LONGEST_LINK = 512
AGAIN = "Download or copy it again."
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle")
OTHER_FORMATS = {".gguf": "a GGUF file", ".onnx": "an ONNX file", ".h5": "a Keras file", ".msgpack": "a Flax file"}


@dataclass(frozen=True)
class Tensor:
    """One line of the table: number format, shape, and its bytes counted from the end of the table."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def is_float(self) -> bool:
        return self.dtype.startswith(("F", "BF"))


@dataclass(frozen=True)
class WeightFile:
    """The table of a safetensors file.

    Attributes:
        tensors: name -> tensor.
        metadata: what the file says of itself.
        data_start: where the first tensor's bytes are, from the beginning of the file.
    """

    path: Path
    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)
    data_start: int = 0

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor; () where there is none of that name."""
        tensor = self.tensors.get(name)
        return tensor.shape if tensor else ()


@contextmanager
def looking_at(what: str) -> Iterator[None]:
    """Look at files that may be anything: whatever is wrong with them is told in one line.

    Args:
        what: for messages.
    Raises:
        ModelError: they cannot be read, or hold what nobody expects there. Those of within pass.
    """
    try:
        yield
    except StreamV2VError:
        raise
    except OSError as error:
        named = f"{error.filename}" if error.filename else what
        raise ModelError(
            f"{named} cannot be read ({error.strerror or error}). Check its name and its rights."
        ) from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:160]
        raise ModelError(f"The configuration of {what} makes no sense ({reason}). {AGAIN}") from None


def check_suffix(path: Path, what: str) -> None:
    """Refuse by its name alone what is not opened.

    Raises:
        ModelError: a pickle, which can run code, or another program's format.
    """
    suffix = path.suffix.lower()
    if suffix in OTHER_FORMATS:
        raise ModelError(f"{what} {path.name} is {OTHER_FORMATS[suffix]}; only .safetensors files are opened.")
    if suffix != ".safetensors":
        raise ModelError(
            f"{what} {path.name}: only .safetensors files are opened; {suffix or 'other'} files can run code. "
            "Take its .safetensors version."
        )


def read_table(path: Path, *, whole: bool = True) -> WeightFile:
    """Read the table of a safetensors file and hold it against the file's size.

    Args:
        whole: False believes the table, where only shapes are counted.
    Raises:
        ModelError: the file is not there, is something else, cut short or damaged; names it and says what to do.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as opened:
            start = opened.read(_LONGEST_LINK)
            length = struct.unpack("<Q", start[:8])[0] if size >= 8 else 0
            if (other := _other_kind(start, size)) and not 0 < length <= min(HEADER_LIMIT_BYTES, size - 8):
                raise ModelError(f"The weight file {path} is {other}")
            if not 0 < length <= HEADER_LIMIT_BYTES:
                raise ModelError(f"{path} was taken for a safetensors file and is none. {AGAIN}")
            if 8 + length > size:
                raise ModelError(_cut(path, size, 8 + length))
            opened.seek(8)
            raw = opened.read(length)
    except OSError as error:
        raise ModelError(_not_there(path, error)) from None
    tensors, metadata = _table_of(path, raw, whole)
    if not whole:
        return WeightFile(path, tensors, metadata, 8 + length)
    wanted = 8 + length + max((tensor.end for tensor in tensors.values()), default=0)
    if wanted > size:
        raise ModelError(_cut(path, size, wanted))
    if wanted < size:
        raise ModelError(f"The weight file {path} is damaged: {size - wanted} bytes belong to no tensor. {AGAIN}")
    return WeightFile(path, tensors, metadata, 8 + length)


def read_config(folder: Path) -> dict[str, Any]:
    """A part's config.json.

    Raises:
        ModelError: it is not there or no JSON object.
    """
    return read_json(folder / "config.json")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of a model.

    Raises:
        ModelError: it is not there or no JSON object.
    """
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ModelError(f"{path} cannot be read ({reason}). Download or copy the model again.") from None
    if not isinstance(found, dict):
        raise ModelError(f"{path} cannot be read (no object, but {type(found).__name__}). {AGAIN}")
    return found


def number_in(settings: dict[str, Any], name: str, usual: int) -> int:
    """A whole number of a configuration; the usual one where it has none of that name."""
    found = settings.get(name, usual)
    return found if isinstance(found, int) else usual


def _table_of(path: Path, raw: bytes, whole: bool) -> tuple[dict[str, Tensor], dict[str, str]]:
    damaged = f"The weight file {path} is damaged: its header cannot be read. {AGAIN}"
    try:
        table = json.loads(raw)
        metadata = table.pop("__metadata__", None) or {}
        tensors = {name: _tensor(line, whole) for name, line in table.items()}
        metadata = {str(name): str(text) for name, text in metadata.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ModelError(damaged) from None
    if not tensors:
        raise ModelError(f"The weight file {path} is empty: it holds no tensors. {AGAIN}")
    place = 0
    for tensor in sorted(tensors.values() if whole else (), key=lambda tensor: (tensor.start, tensor.end)):
        if tensor.start != place:
            raise ModelError(damaged)
        place = tensor.end
    return tensors, metadata


def _tensor(line: dict[str, Any], whole: bool) -> Tensor:
    """One line of the table; ValueError and its like where it makes no sense."""
    shape = tuple(line["shape"])
    start, end = line["data_offsets"]
    numbers = (*shape, start, end)
    if not all(type(number) is int and 0 <= number < 2**53 for number in numbers) or set(line) != {
        "dtype",
        "shape",
        "data_offsets",
    }:
        raise ValueError(line)
    if whole and math.prod(shape) * ELEMENT_BYTES[line["dtype"]] != end - start:
        raise ValueError(line)
    return Tensor(line["dtype"], shape, start, end)


def _other_kind(start: bytes, size: int) -> str:
    """What a file that is no safetensors file is, with what to do; "" where its beginning does not tell."""
    text = start.lstrip().lower()
    if size == 0:
        return f"empty. {AGAIN}"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS and not the weights. Run 'git lfs pull' in its folder."
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page and not weights: the address wanted a login, or was that of a page. Download it again."
    if start.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        return "a pickle under another name, which can run code and is not opened. Take its .safetensors version."
    if start.startswith(b"GGUF"):
        return "a GGUF file under another name; only .safetensors files are opened."
    if text.startswith((b"{", b"[")):
        return f"text and not weights: {AGAIN[0].lower()}{AGAIN[1:]}"
    if size < _LONGEST_LINK and b"/" in start and start.strip().isascii() and start.decode().strip().isprintable():
        return (
            f"the text of a link ({start.decode().strip()[:80]}) and not the weights. "
            "Copy the model again with what its links point to, or run once with the network."
        )
    return ""


def _not_there(path: Path, error: OSError) -> str:
    if path.is_symlink() and not path.exists():
        return (
            f"The weight file {path} is a link to {path.readlink()}, which is not there. "
            "Copy it again, or run once with the network."
        )
    return f"The weight file {path} cannot be read ({error.strerror or error}). {AGAIN}"


def _cut(path: Path, size: int, wanted: int) -> str:
    return f"The weight file {path} is cut short: it has {size} of {wanted} bytes. {AGAIN}"
