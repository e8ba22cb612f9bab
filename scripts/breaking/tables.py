"""Rows for people, as JSON, and into a table of the documentation between two marks."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from .watching import Row

HEADS = ("fault", "on air", "noticed, s", "as before, s", "without a drawing, s", "late beats", "said", "beside")
SHORTEST_CELL = 3


def cells(row: Row) -> list[str]:
    """A row of the table."""
    figures = (row.noticed_s, row.again_s, row.still_s, row.late)
    told = ["" if figure is None else f"{figure:g}" for figure in figures]
    return [row.fault, row.on_air, *told, row.said or "", f"NOT SO: {row.wrong}" if row.wrong else row.note]


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Columns for a terminal; the first row is the head."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same for a page; the first row is the head."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def machine() -> str:
    """Where it was measured, in a few words."""
    return f"{os.cpu_count()} cores, {platform.system()}"


def put_into(page: Path, mark: str, text: str) -> None:
    """Put a text between `<!-- MARK -->` and `<!-- end of MARK -->` of a page.

    Raises:
        SystemExit: the page has no such marks.
    """
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, found, rest = page.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"error: {page} has no marks {begin.strip()} and {end} to put the table between.")
    page.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", "utf-8")


def last_line(**facts: object) -> str:
    """The same as JSON, for programs."""
    return json.dumps({"machine": machine(), **facts})
