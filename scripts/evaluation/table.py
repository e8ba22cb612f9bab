"""Tables of the cells' figures: for the terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

Figures = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One figure: its heading, its place in a cell's figures and how it is printed."""

    title: str
    path: str
    form: str = ".3f"


ABSOLUTE = (
    Column("warp L1", "warp.l1"),
    Column("L1/src", "warp.l1_to_source", ".2f"),
    Column("MSE", "warp.mse", ".2f"),
    Column("MSE/src", "warp.mse_to_source", ".2f"),
    Column("still std", "still.deviation"),
    Column("std/src", "still.deviation_to_source"),
    Column("diff/src", "still.difference_to_source"),
    Column("locked std/src", "locked.deviation_to_source"),
    Column("diff/src", "locked.difference_to_source"),
    Column("ghost share", "ghost.share", ".4f"),
    Column("peak", "ghost.peak"),
    Column("worst", "ghost.worst", ".1f"),
    Column("frames", "ghost.frames", ".1f"),
    Column("settle jump", "settle.jump.frames", ".1f"),
    Column("glide", "settle.glide.frames", ".1f"),
    Column("edges", "fidelity.edges"),
    Column("sharp/src", "fidelity.sharpness_to_source", ".2f"),
    Column("drift", "drift.away_last", ".2f"),
    Column("colour", "drift.colour_most", ".2f"),
    Column("contrast", "drift.contrast"),
    Column("sharpness", "drift.sharpness"),
    Column("CLIP frames", "clip_model.frames", ".4f"),
    Column("text", "clip_model.text", ".4f"),
)
"""Means over clips and prompts."""
RELATIVE = (
    Column("warp L1", "warp.l1"),
    Column("MSE", "warp.mse"),
    Column("still std", "still.deviation"),
    Column("diff", "still.difference"),
    Column("locked std", "locked.deviation"),
    Column("diff", "locked.difference"),
    Column("ghost share", "ghost.share"),
    Column("peak", "ghost.peak"),
    Column("edges", "fidelity.edges"),
    Column("sharpness", "fidelity.sharpness"),
)
"""Each cell in relation to the reference's cell of the same clip and prompt; geometric means of the ratios."""
REFERENCES = ("off", "paper")
ENDINGS = (
    ("ghost", "ghost", "gone"),
    ("settling after a jump", "settle", "jump", "settled"),
    ("settling after a glide", "settle", "glide", "settled"),
)
"""What may last longer than the run: its name, and where a cell says whether it ended."""


def value_at(figures: Figures, path: str) -> float | None:
    """The number at "a.b.c", None where there is none."""
    at = _at(figures, path.split("."))
    return float(at) if isinstance(at, (int, float)) else None


def settings_of(cells: Sequence[Figures]) -> list[str]:
    """The settings' names, in order of appearance."""
    return list(dict.fromkeys(cell["setting"] for cell in cells))


def absolute_rows(cells: Sequence[Figures]) -> dict[str, list[float | None]]:
    """Setting -> the mean of each column of `ABSOLUTE` over the setting's cells that have it."""
    rows: dict[str, list[float | None]] = {}
    for name in settings_of(cells):
        own = [cell for cell in cells if cell["setting"] == name]
        columns = [[value_at(cell, column.path) for cell in own] for column in ABSOLUTE]
        rows[name] = [_mean([value for value in values if value is not None]) for values in columns]
    return rows


def relative_rows(cells: Sequence[Figures], reference: str) -> dict[str, list[float | None]]:
    """Setting -> its ratio to `reference` in each column of `RELATIVE`; empty where the reference was not run."""
    base = {(cell["clip"], cell["prompt"]): cell for cell in cells if cell["setting"] == reference}
    rows: dict[str, list[float | None]] = {}
    for name in settings_of(cells) if base else []:
        own = [cell for cell in cells if cell["setting"] == name]
        rows[name] = [_mean_ratio(own, base, column.path) for column in RELATIVE]
    return rows


def text_table(title: str, columns: Sequence[Column], rows: dict[str, list[float | None]]) -> str:
    """For the terminal; columns without any figure are left out."""
    kept = _kept(rows, len(columns))
    name_width = max([len(name) for name in rows] + [len("setting")]) + 1
    widths = [max(len(columns[k].title), 7) + 2 for k in kept]
    lines = [
        title,
        "setting".ljust(name_width) + "".join(columns[k].title.rjust(w) for k, w in zip(kept, widths, strict=True)),
    ]
    for name, values in rows.items():
        numbers = [_printed(values[k], columns[k].form).rjust(w) for k, w in zip(kept, widths, strict=True)]
        lines.append(name.ljust(name_width) + "".join(numbers))
    return "\n".join(lines)


def markdown_table(columns: Sequence[Column], rows: dict[str, list[float | None]]) -> str:
    """The same in Markdown."""
    kept = _kept(rows, len(columns))
    lines = ["| " + " | ".join(["setting", *(columns[k].title for k in kept)]) + " |", "|---" * (len(kept) + 1) + "|"]
    for name, values in rows.items():
        lines.append("| " + " | ".join([name, *(_printed(values[k], columns[k].form) for k in kept)]) + " |")
    return "\n".join(lines)


def notes(cells: Sequence[Figures]) -> str:
    """Which means are only lower bounds, since something was not over when the pictures were; empty if none is."""
    lines = []
    for title, *path in ENDINGS:
        names = [cell["setting"] for cell in cells if _at(cell, path) is False]
        if names:
            counts = ", ".join(f"{name} ({names.count(name)})" for name in dict.fromkeys(names))
            lines.append(f"Not over at the end of the run, so that its frames are a lower bound: {title} of {counts}.")
    return "\n".join(lines)


def report(cells: Sequence[Figures], *, markdown: bool) -> str:
    """All tables: means, then in relation to each reference that was run; in Markdown also clip by clip."""
    parts = [notes(cells)] if notes(cells) else []
    for title, columns, rows in tables(cells):
        if rows:
            parts.append(
                f"## {title}\n\n{markdown_table(columns, rows)}" if markdown else text_table(title, columns, rows)
            )
    if markdown:
        for clip, prompt in dict.fromkeys((cell["clip"], cell["prompt"]) for cell in cells):
            own = [cell for cell in cells if (cell["clip"], cell["prompt"]) == (clip, prompt)]
            parts.append(f"## {clip}, {prompt}\n\n{markdown_table(ABSOLUTE, absolute_rows(own))}")
    return "\n\n".join(parts) + "\n"


def tables(cells: Sequence[Figures]) -> list[tuple[str, Sequence[Column], dict[str, list[float | None]]]]:
    """(title, columns, rows) of every summary."""
    relative = [(f"In relation to {name}", RELATIVE, relative_rows(cells, name)) for name in REFERENCES]
    return [("Means over clips and prompts", ABSOLUTE, absolute_rows(cells)), *relative]


def _at(figures: Figures, path: Sequence[str]) -> Any:
    at: Any = figures
    for name in path:
        at = at.get(name) if isinstance(at, dict) else None
    return at


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _mean_ratio(cells: Sequence[Figures], base: dict[tuple[str, str], Figures], path: str) -> float | None:
    logs = []
    for cell in cells:
        other = base.get((cell["clip"], cell["prompt"]), {})
        value, to = value_at(cell, path), value_at(other, path)
        if value is not None and to is not None and value > 0 and to > 0:
            logs.append(log(value / to))
    return exp(sum(logs) / len(logs)) if logs else None


def _kept(rows: dict[str, list[float | None]], count: int) -> list[int]:
    return [k for k in range(count) if any(values[k] is not None for values in rows.values())]


def _printed(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
