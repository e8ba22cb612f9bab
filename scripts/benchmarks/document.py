"""The tables of `docs/performance.md`: everything in a results file, and "not measured" where it holds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .asked import Refused
from .cases import Case
from .results import newest
from .tables import NOT_MEASURED, markdown, tables, verdict_table
from .verdict import cpu_verdict, verdict

Row = dict[str, Any]
BEGIN, END = "<!-- bench: {} -->", "<!-- end of bench: {} -->"


def gpu_part(rows: Sequence[Row], plan: Mapping[str, Sequence[Any]]) -> str:
    """Per card its facts, the acceptance lines and a table per leg; without a card the plan, not measured."""
    rows = [row for row in newest(rows) if row.get("on_gpu")]
    if not rows:
        return not_measured(plan)
    parts: list[str] = []
    for device in dict.fromkeys(row["device"] for row in rows):
        mine = [row for row in rows if row["device"] == device]
        parts += [facts(device, mine), verdict_table(verdict(mine))]
        for leg in dict.fromkeys(row.get("leg") for row in mine):
            group = [row for row in mine if row.get("leg") == leg]
            parts += [f"#### {leg}" if leg else "", tables(group)]
            missing = {case.key for case in plan.get(leg or "", [])} - {row["key"] for row in group}
            parts += [f"Not measured: {key}" for key in sorted(missing)]
        parts += [f"Not measured: all of {leg}" for leg in plan if leg not in {row.get("leg") for row in mine}]
    return "\n\n".join(part for part in parts if part)


def not_measured(plan: Mapping[str, Sequence[Any]]) -> str:
    """The acceptance lines and the cases of every leg, without a figure."""
    titles = ["model", "size", "slots", "bank", "path", "p50 / p95 / p99 ms", "fps", "all other columns"]
    parts = [verdict_table(verdict([]))]
    for leg, cases in plan.items():
        parts.append(f"#### {leg}")
        if not all(isinstance(case, Case) for case in cases):
            parts.append(f"Not measured: {', '.join(case.key for case in cases)}.")
            continue
        lines = [
            [
                " + ".join(filter(None, (case.model, case.structure))),
                f"{case.width}x{case.height}",
                str(case.slots),
                case.bank,
                case.acceleration,
            ]
            + [NOT_MEASURED] * 3
            for case in cases
        ]
        parts.append(markdown(titles, lines))
    return "\n\n".join(parts)


def cpu_part(rows: Sequence[Row]) -> str:
    """Per processor the ratios of its legs; where the file holds none, that they are not measured."""
    rows = [row for row in newest(rows) if row.get("kind") == "turns"]
    if not rows:
        return "Not measured yet."
    parts: list[str] = []
    for device in dict.fromkeys(row["device"] for row in rows):
        mine = [row for row in rows if row["device"] == device]
        parts += [facts(device, mine), verdict_table(cpu_verdict(mine)), tables(mine)]
    return "\n\n".join(parts)


def facts(device: str, rows: Sequence[Row]) -> str:
    """What the rows were taken on."""
    rates = [row["rate_tflops"] for row in rows if row.get("rate_tflops")]
    rate = f"; one large matrix product there reaches {max(rates):.2f} TFLOP/s" if rates else ""
    return f"### {device}\n\n{rows[0]['dtype']}, PyTorch {rows[0]['torch']}{rate}."


def fill_in(document: Path, parts: Mapping[str, str]) -> None:
    """Write each part between the document's marks of its name.

    Raises:
        Refused: the document cannot be read, or has no such marks.
    """
    try:
        text = document.read_text("utf-8")
    except OSError as error:
        raise Refused(f"{document} cannot be read ({error.strerror}); wanted is a document with marks.") from None
    for name, part in parts.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, found, rest = text.partition(begin)
        _old, closed, after = rest.partition(end)
        if not (found and closed):
            raise Refused(f"{document} has no place for {name!r}; wanted are the lines {begin} and {end}.")
        text = f"{before}{begin}\n\n{part}\n\n{end}{after}"
    document.write_text(text, "utf-8")
