"""The examination: every check in turn; one that fails says so and stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import CamError
from .case import Case
from .finding import Finding, Severity, warning
from .machine import Machine

log = logging.getLogger(__name__)

PARTS = {
    "settings": "Settings",
    "installation": "Program",
    "graphics": "Graphics",
    "resources": "Machine",
    "model": "Model",
    "cameras": "Camera",
    "loopback": "Virtual camera",
    "obscamera": "Virtual camera",
    "ondemand": "On demand",
    "page": "Page",
    "service": "Start at login",
    "obs": "OBS",
    "browsers": "Other programs",
}
"""Module with a `check` -> what people call it, in the order in which it is said."""


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        findings: in the order of the parts.
        case: what was examined.
    """

    findings: tuple[Finding, ...]
    case: Case

    @property
    def worst(self) -> Severity:
        """The greatest severity of all."""
        return max((finding.severity for finding in self.findings), default=Severity.OK)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        counts = {kind.name.lower(): sum(found.severity == kind for found in self.findings) for kind in Severity}
        return {
            "worst": self.worst.name.lower(),
            "counts": counts,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def case_of(machine: Machine, *, config: Path | None = None, deep: bool = True) -> Case:
    """A case with the settings as they are; that they cannot be used is a finding like any other."""
    case = Case(machine, config=config, deep=deep)
    try:
        from ..settings import load_settings

        return replace(case, settings=load_settings(config_path=config))
    except CamError as refusal:
        return replace(case, refusal=str(refusal))
    except Exception as fault:
        # a package that settings are read with is broken: the packages are examined without them
        log.debug("the settings could not be read", exc_info=True)
        return replace(case, refusal=f"The settings cannot be read ({type(fault).__name__}: {fault}).")


def examine(case: Case) -> Report:
    """Look at everything; takes seconds where `case.deep`."""
    if case.settings is not None and not case.program:
        from ..system.answering import program_answers

        control = case.settings.control
        if case.machine.answers(control.host, control.port) and program_answers(control.host, control.port):
            # it has the camera, the engine's memory and the virtual camera: nothing is tried out beside it
            case = replace(case, program=True, deep=False)
    found: list[Finding] = []
    for name, part in PARTS.items():
        found += [replace(finding, part=part) for finding in _safely(case, name, part)]
    return Report(tuple(found), case)


def _safely(case: Case, name: str, part: str) -> Iterator[Finding]:
    try:
        check: Callable[[Case], Iterator[Finding]] = import_module(f".{name}", __package__).check
        yield from check(case)
    except Exception as fault:
        log.debug("a check failed", exc_info=True)
        yield warning(
            f"doctor.{name}",
            f"{part}: not all of it could be looked at ({type(fault).__name__}: {fault}).",
            "Nothing is known of the rest; it may be in order.",
            "If the program does not work, set it up again; a bundle with a bug report helps to mend this.",
            f"{case.installer('repair')}\nstreamv2v-cam doctor --bundle doctor.zip",
        )
