"""Rows to one table: padded Markdown, readable in a terminal and in a document alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .stages import STAGES
from .verdict import Line

Row = dict[str, Any]
NOTHING = "-"
NOT_MEASURED = "not measured"


def number(name: str, pattern: str = ".1f", scale: float = 1.0) -> Callable[[Row], str]:
    """A cell with the number called `name`; a dash where the row has none."""

    def cell(row: Row) -> str:
        value = row.get(name)
        return NOTHING if value is None else format(value * scale, pattern)

    return cell


def shares(row: Row) -> str:
    share = row.get("share")
    return " / ".join(f"{share[name] * 100:.0f}" for name in STAGES) if share else NOTHING


def speed(row: Row) -> str:
    if row.get("tflops") is None:
        return NOTHING
    return f"{row['tflops']:.2f} ({row['rate_share']:.0%})"


def agreement(row: Row) -> str:
    if row.get("psnr_to_eager_db") is not None:
        return f"{row['psnr_to_eager_db']:.1f} dB"
    return NOTHING if row.get("most_off_eager") is None else f"{row['most_off_eager']} levels"


def captures(row: Row) -> str:
    if not row.get("captures") and not row.get("captured_while_timed"):
        return NOTHING
    return f"{row['captures']} + {row['captured_while_timed']}"


def energy(row: Row) -> str:
    return "not given" if row.get("joules") is None else f"{row['joules']:.2f}"


COLUMNS: list[tuple[str, Callable[[Row], str]]] = [
    ("model", lambda row: " + ".join(filter(None, (row["model"], row.get("structure", ""))))),
    ("size", lambda row: f"{row['width']}x{row['height']}"),
    ("slots", lambda row: str(row["slots"])),
    ("bank", lambda row: row["bank"]),
    ("path", lambda row: row.get("path") or row["acceleration"]),
    ("p50 ms", number("p50_ms")),
    ("p95", number("p95_ms")),
    ("p99", number("p99_ms")),
    ("worst", number("max_ms")),
    ("fps", number("fps")),
    ("one ahead", number("ahead_fps")),
    ("host ms", number("host_ms", ".2f")),
    ("peak MiB", number("peak_mib", ".0f")),
    ("bank MiB", number("bank_mib")),
    ("TFLOP", number("tflop", ".3f")),
    ("TFLOP/s (of the device)", speed),
    ("J / frame", energy),
    ("captures", captures),
    ("off eager", agreement),
    ("encode / U-Net / bank / decode / copies / rest, %", shares),
]
NAMES = [title for title, _cell in COLUMNS]


def markdown(titles: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns are padded to one width."""
    lines = [list(titles), *(list(line) for line in cells)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    padded = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    padded.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(padded)


def speed_table(rows: Sequence[Row]) -> str:
    """Times, memory, rates and agreement, one line for each row; a failed case says why below."""
    good = [row for row in rows if "error" not in row]
    lines = [[cell(row) for _title, cell in COLUMNS] for row in good]
    return "\n".join([markdown(NAMES, lines), *failures(rows)])


def tables(rows: Sequence[Row]) -> str:
    """A table for each kind of row that there is."""
    ways = {"engine": speed_table, "turns": turns_table, "search": search_table}
    groups = {kind: [row for row in rows if row.get("kind") == kind] for kind in ways}
    return "\n\n".join(ways[kind](group) for kind, group in groups.items() if group)


def search_table(rows: Sequence[Row]) -> str:
    """Milliseconds of the search for the nearest stored output, by matrix and by kernel."""
    lines = [
        [f"{row['rows']}x{row['tokens']}x{row['channels']}", f"{row['matrix_ms']:.3f}", kernel_cell(row)]
        for row in rows
        if "error" not in row
    ]
    return "\n".join(
        [markdown(["rows x tokens x channels", "whole matrix ms", "one kernel ms"], lines), *failures(rows)]
    )


def kernel_cell(row: Row) -> str:
    return NOT_MEASURED if row["kernel_ms"] is None else f"{row['kernel_ms']:.3f}"


def failures(rows: Sequence[Row]) -> list[str]:
    """A line for each row that failed."""
    return [f"\nNot measured: {row['key']} ({row['error']})" for row in rows if "error" in row]


def turns_table(rows: Sequence[Row]) -> str:
    """Ratios of frame times on a CPU, one line for each size, number of slots and bank; reasons of gaps below."""
    lines, reasons = [], failures(rows)
    for row in (row for row in rows if "error" not in row):
        for bank, ratios in row["banks"].items():
            cells = [ratio(ratios[name]) for name, _title in TURNS]
            lines.append([f"{row['width']}x{row['height']}", str(row["slots"]), bank, *cells])
            reasons += [
                f"\n{title}, {bank}, {row['key']}: {ratios[name]}" for name, title in TURNS if words(ratios[name])
            ]
    titles = ["size", "slots", "bank", *(title for _name, title in TURNS)]
    return "\n".join([markdown(titles, lines), *dict.fromkeys(reasons)])


TURNS = (
    ("of_off", "bank / off"),
    ("compiled", "compiled / eager"),
    ("of_before", "now / before"),
    ("plain", "plain loop / engine"),
)
"""What `take_turns` answers, and its titles."""


def ratio(found: Any) -> str:
    """The median with its quartiles; words where there is no number."""
    return NOT_MEASURED if isinstance(found, str) else "{:.2f} ({:.2f} to {:.2f})".format(*found)


def words(found: Any) -> bool:
    """Whether a ratio is a reason of its own instead."""
    return isinstance(found, str) and found != NOT_MEASURED


def verdict_table(lines: Sequence[Line]) -> str:
    """The acceptance lines."""
    words = {True: "yes", False: "NO", None: NOTHING}
    cells = [[line.claim, line.wanted, line.found, words[line.passed]] for line in lines]
    return markdown(["what", "wanted", "found", "enough"], cells)
