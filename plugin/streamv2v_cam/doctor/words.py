"""The findings as text, for a terminal and for a bug report."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .examination import Report
from .finding import Finding, Severity

MARKS = {Severity.OK: "ok", Severity.NOTE: "note", Severity.WARNING: "warning", Severity.ERROR: "error"}
WIDTH = 100
INDENT = " " * 10


def report_lines(report: Report, *, width: int = WIDTH) -> Iterator[str]:
    """Part by part; what is in order takes a line, the rest says what it means and what to do."""
    part = ""
    for finding in report.findings:
        if finding.part != part:
            if part:
                yield ""
            part = finding.part
            yield part
        yield from _finding(finding, width)
    yield ""
    yield verdict(report.findings)


def _finding(finding: Finding, width: int) -> Iterator[str]:
    mark = f"{MARKS[finding.severity]:<8}"
    yield from textwrap.wrap(finding.finding, width, initial_indent=f"  {mark}", subsequent_indent=INDENT)
    for said in (finding.meaning, finding.remedy):
        if said:
            yield from textwrap.wrap(said, width, initial_indent=INDENT, subsequent_indent=INDENT)
    for line in finding.command.splitlines():
        # never wrapped: it is there to be pasted
        yield f"{INDENT}  $ {line}"


def verdict(findings: Sequence[Finding]) -> str:
    """All of it in one line."""
    errors, warnings, notes = (
        sum(finding.severity == kind for finding in findings)
        for kind in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    )
    if errors or warnings:
        counted = [_counted(errors, "error"), _counted(warnings, "warning"), _counted(notes, "note")]
        return f"{', '.join(word for word in counted if word)}."
    return f"Nothing stands in the way; {_counted(notes, 'note')}." if notes else "Nothing stands in the way."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}" if count else ""
