"""Tables and JSON for people and programs, on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer


def print_json(value: Any) -> None:
    """One JSON object or list, indented."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode()))


def _speaks_unicode() -> bool:
    """Whether standard output can hold every letter; where it cannot, JSON has escapes for them."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf16", "utf8sig")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table; long cells wrap, nothing in them is read as markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    # A pipe has no width: every row stays on one line there, so that grep works.
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if not console.is_terminal:
        console = Console(highlight=False, width=400)
    console.print(table)
