"""Rows in a JSON-lines file, so that a run that was cut off goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .asked import Refused

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The rows of a results file.

    Raises:
        Refused: no such file, or not one of this bench.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Refused(f"{path} cannot be read ({reason}); wanted is a file that --out has written.") from None
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_row_of(line, f"{path}, line {number}"))
    return rows


def _row_of(line: str, place: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not {"key", "device"} <= set(row):
        raise Refused(f"{place} is no row of this bench; wanted is a file that --out has written.")
    return row


def rows_so_far(path: Path | None) -> list[Row]:
    """What `path` holds; nothing where it is None or not there yet."""
    return read_rows(path) if path is not None and path.exists() else []


def add_row(path: Path | None, row: Row) -> None:
    """Append `row`; at once, so that a run that is cut off loses nothing."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def newest(rows: Iterable[Row]) -> list[Row]:
    """The last row of every case on every device in every leg; a failure never replaces a measurement."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        place = (row["device"], row.get("leg"), row["key"])
        if "error" not in row or "error" in kept.get(place, row):
            kept[place] = row
    return list(kept.values())
