"""Finding: one thing that was looked at, in words for a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Severity(IntEnum):
    """How much it matters."""

    OK = 0
    NOTE = 1
    """Nothing is wrong; worth knowing."""
    WARNING = 2
    """Something works less well, or a part that not everyone uses does not work."""
    ERROR = 3
    """The program, or a part that was asked for, does not work."""

    @property
    def exit_code(self) -> int:
        """Of the command line: 0 for nothing wrong, 3 for warnings, 4 for errors."""
        return {Severity.WARNING: 3, Severity.ERROR: 4}.get(self, 0)


@dataclass(frozen=True)
class Finding:
    """What was seen, what it means, what to do.

    Attributes:
        key: its name for programs, such as "camera.busy".
        severity: how much it matters.
        finding: what was seen, one sentence.
        meaning: what that does to the person; empty for what is in order.
        remedy: what to do, in words; empty for what is in order.
        command: the same to paste into a terminal; several lines are several commands.
        part: what it belongs to; the examination fills it in.
    """

    key: str
    severity: Severity
    finding: str
    meaning: str = ""
    remedy: str = ""
    command: str = ""
    part: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, the severity by its name in small letters."""
        return {
            "key": self.key,
            "severity": self.severity.name.lower(),
            "part": self.part,
            "finding": self.finding,
            "meaning": self.meaning,
            "remedy": self.remedy,
            "command": self.command,
        }


def fine(key: str, finding: str) -> Finding:
    """Something in order."""
    return Finding(key, Severity.OK, finding)


def note(key: str, finding: str, meaning: str, remedy: str, command: str) -> Finding:
    """Something worth knowing."""
    return Finding(key, Severity.NOTE, finding, meaning, remedy, command)


def warning(key: str, finding: str, meaning: str, remedy: str, command: str) -> Finding:
    """Something that works less well."""
    return Finding(key, Severity.WARNING, finding, meaning, remedy, command)


def error(key: str, finding: str, meaning: str, remedy: str, command: str) -> Finding:
    """Something that does not work."""
    return Finding(key, Severity.ERROR, finding, meaning, remedy, command)
