"""What is measured: one case is one engine; a leg is a group of cases that belongs together in the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from streamv2v import BankConfig

BASELINE = "baseline"
"""As `acceleration`: the plain loop instead of the engine."""

BANKS: dict[str, BankConfig] = {
    "off": BankConfig(kind="off"),
    # the paper's parts one by one: the last frame whole, first in attention only, then fused as well
    "ea": BankConfig(kind="queue", queue_length=1, fusion=False),
    "ea+ff": BankConfig(kind="queue", queue_length=1),
    "dyme": BankConfig(kind="paper"),
    "spread": BankConfig(kind="paper", spread=True),
    "queue": BankConfig(kind="queue", queue_length=4),
    "best": BankConfig.best(),
}
FULL_BANKS = ("dyme", "spread", "best")
"""Banks with extended attention, fusion and merging."""

SHAPES = ("sd15", "turbo")
DEFAULT_SIZE = {"sd15": (512, 512), "turbo": (512, 512), "embedded": (256, 256)}
SMALL_SIZE = (128, 128)


@dataclass(frozen=True)
class Case:
    """One row of a table."""

    model: str
    """"sd15" or "turbo" (real shapes, random weights), "embedded", or a diffusers folder."""
    width: int
    height: int
    slots: int
    bank: str
    """A name in `BANKS`."""
    acceleration: str = "none"

    @property
    def key(self) -> str:
        """What makes two rows the same case."""
        return f"{self.model} {self.width}x{self.height} {self.slots} {self.bank} {self.acceleration}"

    @property
    def is_baseline(self) -> bool:
        return self.acceleration == BASELINE

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def known_accelerations(device_type: str) -> tuple[str, ...]:
    """Ways of running a frame that are compared on such a device, the eager one first."""
    return ("none", "graph") if device_type == "cuda" else ("none",)


def grid(
    models: Iterable[str],
    sizes: Sequence[tuple[int, int]],
    slots: Iterable[int],
    banks: Iterable[str],
    accelerations: Iterable[str],
) -> list[Case]:
    """Every combination; an empty `sizes` gives each model its own."""
    return [
        Case(model, width, height, count, bank, acceleration)
        for model, acceleration, count, bank in product(models, accelerations, slots, banks)
        for width, height in sizes or [DEFAULT_SIZE.get(model, (512, 512))]
    ]


def legs(accelerations: Sequence[str], *, small: bool) -> dict[str, list[Case]]:
    """Every leg of the document by name, each meant to end within nine minutes on a big GPU.

    Args:
        accelerations: eager first.
        small: pictures of 128x128 and fewer rows, so that a CPU comes to an end.
    """
    eager, fast = accelerations[:1], accelerations[1:] or accelerations[:1]
    first = fast[:1]
    size = [SMALL_SIZE] if small else [(512, 512)]
    acceptance: list[Case] = []
    for model, slots in (("sd15", 4), ("turbo", 1)):
        for acceleration in fast:
            acceptance += grid([model], size, [slots], ["off", "dyme", "spread"], [acceleration])
        acceptance += grid([model], size, [slots], ["dyme"], [BASELINE])
    sizes = [(192, 128)] if small else [(768, 512), (768, 768), (1024, 576)]
    ways = list(dict.fromkeys([*eager, *first]))
    return {
        "acceptance": acceptance,
        "banks": grid(["sd15"], size, [4], BANKS, ways),
        "slots": grid(["sd15"], size, [1, 2], ["off", "dyme", "spread"], ways),
        "sizes": grid(["sd15"], sizes, [1, 4], ["off", "dyme"], first),
        "turbo": grid(["turbo"], size, [1, 2], ["off", "ea", "ea+ff", "dyme", "spread", "queue"], ways),
        "embedded": grid(["embedded"], [], [1, 2, 4], ["off", "ea", "ea+ff", "dyme", "spread", "queue"], ways)
        + grid(["embedded"], [], [1, 2, 4], ["dyme"], [BASELINE]),
        "accelerations": grid(["sd15"], size, [4], ["dyme"], accelerations)
        + grid(["turbo"], size, [1], ["dyme"], accelerations),
    }
