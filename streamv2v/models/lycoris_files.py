"""LoRAs that are no plain pairs: LoHa, LoKr, IA3 and DoRA, told and held together by the shapes in a file's table.

Standard library only: the host process asks before an engine is started.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ModelError
from .weight_files import WeightFile

Shape = tuple[int, ...]

_MARKS = (".hada_w", ".lokr_w", ".dora_scale", ".lora_magnitude_vector", ".on_input")
PARTS = (
    *(f"hada_{name}" for name in ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")),
    *(f"lokr_{name}" for name in ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b", "t2")),
    *("down", "up", "dora_scale", "weight", "on_input", "alpha", "scalar"),
)
"""What the tensors of one layer are."""
_PLAIN = (
    (r"\.lora_(down|A)(\.default)?\.weight$", ".down"),
    (r"\.lora_(up|B)(\.default)?\.weight$", ".up"),
    (r"\.lora_magnitude_vector(\.default)?(\.weight)?$", ".dora_scale"),
)
"""peft's, diffusers' and kohya's names of the same three tensors."""
_NAME = re.compile(rf"^(.+)\.({'|'.join(PARTS)})$")


@dataclass(frozen=True)
class LayerFile:
    """One layer of such a LoRA.

    Attributes:
        kind: "LoRA", "LoHa", "LoKr" or "IA3"; each may be weight-decomposed (DoRA), an IA3 not.
        names: what a tensor is -> its name in the file: "down", "up", "hada_w1_a", "lokr_w2", "dora_scale",
            "alpha", "weight", "on_input".
        text_width: numbers that the layer reads; 0 for a convolution.
    """

    kind: str
    names: dict[str, str]
    text_width: int


def is_lycoris(names: Iterable[str]) -> bool:
    """Whether a file holds any LoHa, LoKr, IA3 or DoRA."""
    return any(mark in name for name in names for mark in _MARKS)


def layers_of(file: WeightFile) -> dict[str, LayerFile]:
    """The layers of such a file: name of a layer as the file has it -> what there is for it.

    Raises:
        ModelError: tensors that belong to none, or shapes that make no whole; names the layer.
    """
    what = f"The LoRA {file.path.name}"
    found: dict[str, dict[str, str]] = {}
    for name in file.tensors:
        match = _NAME.match(_plain(name))
        if match is None:
            raise ModelError(f"{what} holds more than LoRA weights: {name} is none.")
        if not (file.tensors[name].is_float or match[2] == "on_input"):
            raise ModelError(f"{what} holds weights in {file.tensors[name].dtype}, which is not taken.")
        found.setdefault(match[1], {})[match[2]] = name
    layers = {}
    for layer, names in found.items():
        shapes = {part: file.tensors[name].shape for part, name in names.items()}
        if (told := _layer(shapes)) is None:
            parts = ", ".join(f"{part} {shape}" for part, shape in sorted(shapes.items()))
            raise ModelError(f"{what} is damaged or incomplete: in {layer} {parts} make no whole.")
        layers[layer] = LayerFile(told[0], names, told[1])
    return layers


def text_width_of(layers: dict[str, LayerFile]) -> int:
    """Width of the text that the file's cross attention reads; 0 where none is found."""
    widths = [told.text_width for layer, told in layers.items() if re.search(r"attn2[._]to_[._]?[kv]$", layer)]
    return next((width for width in widths if width), 0)


def _plain(name: str) -> str:
    for pattern, short in _PLAIN:
        name = re.sub(pattern, short, name)
    return name


def _layer(shapes: dict[str, Shape]) -> tuple[str, int] | None:
    """Kind and width of one layer; None where its tensors make no whole."""
    parts = set(shapes) - {"alpha", "scalar", "dora_scale"}
    if any(0 in shape for shape in shapes.values()):
        return None
    if parts == {"down", "up"}:
        width = _product(shapes["up"], shapes["down"])
        return ("LoRA", width if len(shapes["down"]) == 2 else 0) if width else None
    if parts == {"weight", "on_input"}:
        return ("IA3", shapes["weight"][-1] if len(shapes["weight"]) > 1 else 0) if shapes["weight"] else None
    if any(part.startswith("hada_") for part in parts):
        return _loha(shapes, parts)
    return _lokr(shapes, parts) if any(part.startswith("lokr_") for part in parts) else None


def _loha(shapes: dict[str, Shape], parts: set[str]) -> tuple[str, int] | None:
    halves = {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"}
    if parts == halves | {"hada_t1", "hada_t2"}:
        good = all(_tucker(shapes[f"hada_t{n}"], shapes[f"hada_w{n}_a"], shapes[f"hada_w{n}_b"]) for n in (1, 2))
        same = shapes["hada_w1_a"][1:] == shapes["hada_w2_a"][1:] and shapes["hada_w1_b"][1:] == shapes["hada_w2_b"][1:]
        return ("LoHa", 0) if good and same else None
    if parts != halves:
        return None
    first, second = (_product(shapes[f"hada_w{n}_a"], shapes[f"hada_w{n}_b"]) for n in (1, 2))
    same = first and first == second and shapes["hada_w1_a"][0] == shapes["hada_w2_a"][0]
    return ("LoHa", first) if same else None


def _lokr(shapes: dict[str, Shape], parts: set[str]) -> tuple[str, int] | None:
    widths, used = [], set()
    for n in ("1", "2"):
        whole, down, up, core = f"lokr_w{n}", f"lokr_w{n}_a", f"lokr_w{n}_b", f"lokr_t{n}"
        if whole in parts:
            used |= {whole}
            # the numbers of a convolution's kernel are the second factor's own
            widths.append(math.prod(shapes[whole][1:]) if len(shapes[whole]) in (2, 4) else 0)
        elif core in parts:
            used |= {core, down, up}
            widths.append(1 if {down, up} <= parts and _tucker(shapes[core], shapes[down], shapes[up]) else 0)
        elif {down, up} <= parts:
            used |= {down, up}
            widths.append(_product(shapes[down], shapes[up]))
        else:
            return None
    conv = "lokr_t2" in parts or len(shapes.get("lokr_w2", ())) == 4
    return ("LoKr", 0 if conv else widths[0] * widths[1]) if parts == used and all(widths) else None


def _product(left: Shape, right: Shape) -> int:
    """Columns of the product of two matrices; 0 where they have none. Of a convolution the kernel counts, too."""
    if len(left) < 2 or len(right) < 2 or left[1] != right[0] or any(size != 1 for size in left[2:]):
        return 0
    return math.prod(right[1:])


def _tucker(core: Shape, first: Shape, second: Shape) -> bool:
    """Whether a core and two factors, rank first, make a convolution."""
    return len(core) == 4 and len(first) == len(second) == 2 and core[:2] == (first[0], second[0])
