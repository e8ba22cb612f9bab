"""Rows to tables: padded Markdown, readable in a terminal and in a document alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .stages import STAGES
from .verdict import Line

Row = dict[str, Any]
NOTHING = "-"


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
    ("model", lambda row: row["model"]),
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
]
SHARE_COLUMNS: list[tuple[str, Callable[[Row], str]]] = [
    *COLUMNS[:5],
    ("mean ms", number("mean_ms")),
    (" / ".join(("encode", "U-Net", "bank update", "decode", "in and out", "rest")) + ", %", shares),
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
    parts = [markdown(NAMES, [[cell(row) for _title, cell in COLUMNS] for row in good])]
    parts += [f"\nNot measured: {row['key']} ({row['error']})" for row in rows if "error" in row]
    return "\n".join(parts)


def share_table(rows: Sequence[Row]) -> str:
    """Shares of the stages of every row that knows them; empty where none does."""
    known = [row for row in rows if row.get("share")]
    if not known:
        return ""
    titles = [title for title, _cell in SHARE_COLUMNS]
    return markdown(titles, [[cell(row) for _title, cell in SHARE_COLUMNS] for row in known])


def verdict_table(lines: Sequence[Line]) -> str:
    """The acceptance lines."""
    words = {True: "yes", False: "NO", None: NOTHING}
    cells = [[line.claim, line.wanted, line.found, words[line.passed]] for line in lines]
    return markdown(["what", "wanted", "found", "enough"], cells)


def newest(rows: Iterable[Row]) -> list[Row]:
    """The last row of every case on every device in every leg; a failure never replaces a measurement."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        place = (row["device"], row.get("leg"), row["key"])
        if "error" not in row or "error" in kept.get(place, row):
            kept[place] = row
    return list(kept.values())


def document(rows: Sequence[Row], judge: Callable[[Sequence[Row]], list[Line]]) -> str:
    """Everything in a results file as Markdown: per device its facts, the verdict of a GPU, a table per leg."""
    parts: list[str] = []
    rows = newest(rows)
    for device in dict.fromkeys(row["device"] for row in rows):
        mine = [row for row in rows if row["device"] == device]
        rates = [row["rate_tflops"] for row in mine if row.get("rate_tflops")]
        rate = f"; one large matrix product there reaches {max(rates):.2f} TFLOP/s" if rates else ""
        parts.append(f"### {device}\n\n{mine[0]['dtype']}, PyTorch {mine[0]['torch']}{rate}.")
        if any(row.get("on_gpu") for row in mine):
            parts.append(verdict_table(judge(mine)))
        for leg in dict.fromkeys(row.get("leg") for row in mine):
            group = [row for row in mine if row.get("leg") == leg]
            parts += [f"#### {leg}" if leg else "", speed_table(group), share_table(group)]
    return "\n\n".join(part for part in parts if part)
