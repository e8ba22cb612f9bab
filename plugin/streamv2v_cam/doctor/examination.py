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

DEFAULT_PORT = 8765
"""Of the page; the settings, which say it, cannot be read where a package is missing."""
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
    if not case.program:
        case = _beside_a_run(case)
    found: list[Finding] = []
    for name, part in PARTS.items():
        found += [replace(finding, part=part) for finding in _safely(case, name, part)]
    return Report(tuple(found), case)


def _beside_a_run(case: Case) -> Case:
    """With what is known of a run that goes on: by the settings, else by the file that each run leaves.

    It has the camera, the engine's memory and the virtual camera: nothing is tried out beside it.
    """
    from ..system.answering import program_answers

    try:
        from ..system.runfile import running

        runs = running()
    except ImportError:
        # a package that it needs is missing, which the examination says
        runs = []
    control = case.settings.control if case.settings is not None else None
    # the settings may have been broken since the start, or say another port than it took
    asked = (control.host, control.port) if control is not None else ("127.0.0.1", DEFAULT_PORT)
    case = replace(case, own=frozenset(run.number for run in runs))
    for host, port in dict.fromkeys([asked, *((run.host, run.port) for run in runs)]):
        if port and case.machine.answers(host, port) and program_answers(host, port):
            return replace(case, program=True, deep=False, page_port=port)
    held = [holder for node in case.machine.video_nodes() for holder in case.machine.holders(node.path)]
    return replace(case, deep=False) if runs or any(map(case.is_own, held)) else case


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
