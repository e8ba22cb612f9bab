"""What is measured: one case is one engine; a leg is a group of cases that belongs together in the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, ClassVar

from streamv2v import BankConfig
from streamv2v.config import BEST_BANK, BEST_CONTROLS

BASELINE = "baseline"
"""As `acceleration`: the plain loop instead of the engine."""

BANKS: dict[str, dict[str, Any]] = {
    "off": {"kind": "off"},
    # the paper's parts one by one: the last frame whole, first in attention only, then fused as well
    "ea": {"kind": "queue", "queue_length": 1, "fusion": False},
    "ea+ff": {"kind": "queue", "queue_length": 1},
    "dyme": {"kind": "paper"},
    "spread": {"kind": "paper", "spread": True},
    "queue": {"kind": "queue", "queue_length": 4},
    "best": BEST_BANK,
    # the spread bank with a cheaper search for partners, and with half the memory
    "window": {"kind": "paper", "spread": True, "matching": "window"},
    "fp8": {"kind": "paper", "spread": True, "storage": "fp8"},
}
"""Banks by name, as the fields of `BankConfig`."""
LIVE: dict[str, dict[str, Any]] = {"best": BEST_CONTROLS}
"""Live values that belong to a bank; the others run with the defaults."""
FULL_BANKS = ("dyme", "spread", "best")
"""Banks with extended attention, fusion and merging."""

SHAPES = ("sd15", "turbo", "sdxl")
STRUCTURES = ("control", "adapter")
"""Structure networks of the real shapes with random weights: a ControlNet and a T2I-Adapter."""
DEFAULT_SIZE = {"sd15": (512, 512), "turbo": (512, 512), "sdxl": (512, 512), "embedded": (256, 256)}
SMALL_SIZE = (64, 64)
CPU_SIZES = ((256, 256), (384, 288))
CPU_BANKS = ("off", "dyme", "best")


def bank_of(name: str) -> BankConfig:
    """The bank called `name`."""
    return BankConfig(**BANKS[name])


@dataclass(frozen=True)
class Case:
    """One row of a table."""

    model: str
    """A name in `SHAPES` (real shapes, random weights), "embedded", or a diffusers folder."""
    width: int
    height: int
    slots: int
    bank: str
    """A name in `BANKS`."""
    acceleration: str = "none"
    structure: str = ""
    """Structure networks beside the U-Net, names in `STRUCTURES` with "+" between them; "" for none."""
    kind: ClassVar[str] = "engine"

    @property
    def key(self) -> str:
        """What makes two rows the same case."""
        steered = f" {self.structure}" if self.structure else ""
        return f"{self.model} {self.width}x{self.height} {self.slots} {self.bank} {self.acceleration}{steered}"

    @property
    def is_baseline(self) -> bool:
        return self.acceleration == BASELINE

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Turns:
    """One row of a CPU's table: everything of one size and number of slots, block by block in turns."""

    model: str
    width: int
    height: int
    slots: int
    kind: ClassVar[str] = "turns"

    @property
    def key(self) -> str:
        """What makes two rows the same."""
        return f"{self.model} {self.width}x{self.height} {self.slots} in turns"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Search:
    """One row of the search for the nearest stored output: a layer's shape, by the whole matrix and by the kernel."""

    rows: int
    tokens: int
    channels: int
    kind: ClassVar[str] = "search"

    @property
    def key(self) -> str:
        """What makes two rows the same."""
        return f"nearest of {self.rows}x{self.tokens}x{self.channels}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


SEARCHES = ((64, 1280), (144, 1280), (256, 1280), (576, 1280), (1024, 640), (4096, 320))
"""(tokens, channels) of SD 1.5's layers at 512x512 and, the fused ones, at 1024x576."""


def known_accelerations(device_type: str, *, compiles: bool) -> tuple[str, ...]:
    """Ways of running a frame that are compared on such a device, the eager one first.

    Args:
        compiles: whether the engine has a compiler in it.
    """
    ways = ("none", "graph", "graph+compile") if device_type == "cuda" else ("none", "compile")
    return tuple(way for way in ways if compiles or "compile" not in way)


def grid(
    models: Iterable[str],
    sizes: Sequence[tuple[int, int]],
    slots: Iterable[int],
    banks: Iterable[str],
    accelerations: Iterable[str],
    structures: Sequence[str] = ("",),
) -> list[Case]:
    """Every combination; an empty `sizes` gives each model its own."""
    return [
        Case(model, width, height, count, bank, acceleration, structure)
        for model, acceleration, count, bank, structure in product(models, accelerations, slots, banks, structures)
        for width, height in sizes or [DEFAULT_SIZE.get(model, (512, 512))]
    ]


def legs(accelerations: Sequence[str], *, small: bool = False) -> dict[str, list[Any]]:
    """Every leg of a GPU by name, each meant to end within nine minutes on a big one.

    Args:
        accelerations: eager first.
        small: pictures of 64x64 and fewer of them, to rehearse every sort of case on any device.
    """
    eager, fast = accelerations[:1], accelerations[1:] or accelerations[:1]
    ways = list(dict.fromkeys([*eager, *fast[:1]]))
    size = [SMALL_SIZE] if small else [(512, 512)]
    few, more = ([2], [1]) if small else ([1, 2], [1, 2, 4])
    sizes = [(96, 64)] if small else [(768, 512), (768, 768), (1024, 576)]
    own = [SMALL_SIZE] if small else []
    parts = ["off", "ea", "ea+ff", "dyme", "spread", "queue"]
    return {
        "acceptance": [
            case
            for model, slots in (("sd15", 4), ("turbo", 1))
            for case in grid([model], size, [slots], ["off", "dyme", "spread"], fast)
            + grid([model], size, [slots], ["dyme"], [BASELINE])
        ],
        "banks": grid(["sd15"], size, [4], BANKS, ways),
        "slots": grid(["sd15"], size, few, parts, ways),
        "sizes": grid(["sd15"], sizes, few if small else [1, 4], ["off", "dyme", "spread", "window"], fast[:1]),
        "structure": grid(["sd15"], size, few, ["dyme"], ways, ["", *STRUCTURES, "+".join(STRUCTURES)]),
        "turbo": grid(["turbo"], size, more, parts, ways),
        "sdxl": grid(["sdxl"], size, more[:2], ["off", "dyme", "spread"], ways)
        + ([] if small else grid(["sdxl"], [(1024, 576)], [1], ["off", "dyme", "spread"], fast[:1])),
        "embedded": grid(["embedded"], own, more, parts, ways) + grid(["embedded"], own, more, ["dyme"], [BASELINE]),
        "nearest": [
            Search(4, 64 if small else tokens, channels) for tokens, channels in SEARCHES[: 1 if small else None]
        ],
    }


def cpu_legs() -> dict[str, list[Turns]]:
    """Every leg of a CPU by name: the model that such a machine can run, one leg a size."""
    return {
        f"cpu-{width}x{height}": [Turns("embedded", width, height, slots) for slots in (1, 2)]
        for width, height in CPU_SIZES
    }
