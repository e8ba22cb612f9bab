"""The acceptance lines for one big GPU, computed from measured rows; nothing is concluded where rows are missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .cases import BASELINE, FULL_BANKS

Row = dict[str, Any]

MAIN = {"model": "sd15", "width": 512, "height": 512, "slots": 4}
WANDERING = 1.03
"""1 and the 3 % by which two runs of one engine differ on a small machine."""
TURBO = {"model": "turbo", "width": 512, "height": 512, "slots": 1}


@dataclass(frozen=True)
class Line:
    """One acceptance line: what is wanted, what was found, and whether that is enough (None: not measured)."""

    claim: str
    wanted: str
    found: str
    passed: bool | None

    def as_dict(self) -> dict[str, Any]:
        return {"claim": self.claim, "wanted": self.wanted, "found": self.found, "passed": self.passed}


def verdict(rows: Sequence[Row]) -> list[Line]:
    """All acceptance lines from the rows of one card.

    The engine's row is the fastest one with a full bank (attention, fusion, merging), whatever its acceleration;
    what it is compared with ran at the same size and slots.
    """
    rows = [row for row in rows if "error" not in row and "fps" in row]
    main, turbo = fastest(rows, MAIN), fastest(rows, TURBO)
    return [
        rate("SD 1.5, 512x512, 4 slots, full bank", main, 100),
        rate("SD-Turbo shape, 512x512, 1 slot, full bank", turbo, 200),
        bank_cost(rows, main),
        at_most("p99 / p50", main, 1.15, lambda row: row["p99_ms"] / row["p50_ms"]),
        speed_up(rows, main),
        at_most("slowest frame / median", main, 1.10, lambda row: row["max_ms"] / row["p50_ms"]),
    ]


def cpu_verdict(rows: Sequence[Row]) -> list[Line]:
    """The acceptance line of a CPU: over all sizes, slots and banks the engine is no slower than it was."""
    claim, wanted = "Embedded model, eager engine now / before", f"at most {WANDERING:.2f}"
    banks = [bank for row in rows if "error" not in row for bank in row.get("banks", {}).values()]
    ratios = [bank["of_before"][0] for bank in banks if not isinstance(bank["of_before"], str)]
    if not ratios:
        return [not_measured(claim, wanted)]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    found = f"{mean:.3f}, geometric mean of {len(ratios)} ({min(ratios):.2f} to {max(ratios):.2f})"
    return [Line(claim, wanted, found, mean <= WANDERING)]


def matching(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    """The rows that have all these values."""
    return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


def fastest(rows: Sequence[Row], place: dict[str, Any]) -> Row | None:
    """The fastest engine row with a full bank at `place`."""
    found = [row for row in matching(rows, **place) if row["bank"] in FULL_BANKS and row["acceleration"] != BASELINE]
    return max(found, key=lambda row: row["fps"], default=None)


def rate(claim: str, row: Row | None, least: float) -> Line:
    """Pictures a second, by calls or with the next frame submitted ahead, whichever is faster."""
    wanted = f"at least {least:g} pictures a second"
    if row is None:
        return not_measured(claim, wanted)
    ahead = row.get("ahead_fps") or 0.0
    found = f"{row['fps']:.1f} call by call, {ahead:.1f} one frame ahead ({way_of(row)})"
    return Line(claim, wanted, found, max(row["fps"], ahead) >= least)


def at_most(claim: str, row: Row | None, most: float, ratio: Callable[[Row], float]) -> Line:
    claim, wanted = f"{claim}, SD 1.5 with 4 slots", f"at most {most:.2f}"
    if row is None:
        return not_measured(claim, wanted)
    found = ratio(row)
    return Line(claim, wanted, f"{found:.3f} ({way_of(row)})", found <= most)


def bank_cost(rows: Sequence[Row], row: Row | None) -> Line:
    """Mean frame time with the full bank over that without; the mean, since an update may be a burst."""
    claim, wanted = "What the bank costs, SD 1.5 with 4 slots", "at most 12 % over bank off"
    if row is None:
        return not_measured(claim, wanted)
    off = partner(matching(rows, **MAIN, bank="off", acceleration=row["acceleration"]), row)
    if off is None:
        return not_measured(claim, wanted)
    cost = row["mean_ms"] / off["mean_ms"] - 1
    return Line(claim, wanted, f"{cost:.1%} ({way_of(row)}{run_note(row, off)})", cost <= 0.12)


def speed_up(rows: Sequence[Row], row: Row | None) -> Line:
    claim, wanted = "Against the plain eager loop, SD 1.5 with 4 slots", "at least 5 times as fast"
    plain = partner(matching(rows, **MAIN, bank="dyme", acceleration=BASELINE), row) if row else None
    if row is None or plain is None:
        return not_measured(claim, wanted)
    ratio = plain["mean_ms"] / row["mean_ms"]
    return Line(claim, wanted, f"{ratio:.2f} times ({way_of(row)}{run_note(row, plain)})", ratio >= 5)


def partner(found: Sequence[Row], row: Row) -> Row | None:
    """The row to compare with: the newest of the same run, else the newest."""
    same = [other for other in found if other["run"] == row["run"]]
    return max(same or found, key=lambda other: other["run"], default=None)


def run_note(row: Row, other: Row) -> str:
    return "" if row["run"] == other["run"] else "; of two runs"


def way_of(row: Row) -> str:
    return f"bank {row['bank']}, {row['path']}"


def not_measured(claim: str, wanted: str) -> Line:
    return Line(claim, wanted, "not measured", None)
