"""Python, the program's environment, and the engine's PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .case import Case, quoted
from .finding import Finding, error, fine, note

LEAST, NEWEST_TRIED = (3, 11), (3, 14)
IMPORT_LIMIT_S = 120.0
IMPORT_ENGINE = (
    "import json, torch, diffusers, transformers; "
    "print(json.dumps({'version': torch.__version__, 'cuda': torch.version.cuda or '', "
    "'gpu': torch.cuda.is_available()}))"
)
"""Runs in a process of its own: here nothing imports PyTorch, and where it is broken nothing else ends with it."""


def check(case: Case) -> Iterator[Finding]:
    """Python, packages, PyTorch."""
    yield from _python(case)
    yield from _packages(case)
    yield from _engine(case)


def _python(case: Case) -> Iterator[Finding]:
    machine = case.machine
    version = ".".join(map(str, machine.python_version))
    if machine.python_version[:2] < LEAST:
        yield error(
            "python.old",
            f"Python {version} runs the program; it needs 3.11 or newer.",
            "Parts of the program do not start.",
            "Install a newer Python, then set the program up with it.",
            case.installer("repair"),
        )
    elif machine.python_version[:2] > NEWEST_TRIED:
        yield note(
            "python.new",
            f"Python {version} is newer than what was tried (3.14).",
            "PyTorch may have no build for it.",
            "If the engine does not start, set the program up with Python 3.11 to 3.14.",
            case.installer("repair"),
        )
    elif machine.system == "Windows" and "windowsapps" in machine.python.lower():
        yield note(
            "python.store",
            f"Python {version} is the one of the Microsoft Store.",
            "Windows hides what it writes from other programs, OBS among them.",
            "Install Python from python.org, then set the program up with it.",
            "winget install Python.Python.3.13",
        )
    else:
        yield fine("python.fine", f"Python {version}.")
    if not machine.in_environment():
        yield note(
            "python.shared",
            f"The program shares the packages of {machine.python} with other programs.",
            "An update for another program may break it.",
            "Give it an environment of its own.",
            "pipx install streamv2v-cam",
        )


def _packages(case: Case) -> Iterator[Finding]:
    missing = [name for name in case.machine.needed_packages() if case.machine.version_of(name) is None]
    if missing:
        yield error(
            "packages.missing",
            f"Packages are missing: {', '.join(missing)}.",
            "The parts of the program that need them do not start.",
            "Install them again.",
            case.installer("repair"),
        )
    else:
        yield fine("packages.fine", "All packages that the program needs are there.")


def _engine(case: Case) -> Iterator[Finding]:
    version = case.machine.version_of("torch")
    if version is None:
        yield error(
            "torch.missing",
            "PyTorch is not installed.",
            "The engine cannot start: viewers see a card instead of the look.",
            "Install it.",
            case.installer("repair"),
        )
        return
    if not case.deep:
        return
    answer = case.machine.ask(case.machine.python, "-c", IMPORT_ENGINE, limit_s=IMPORT_LIMIT_S)
    try:
        told = json.loads(answer.out.splitlines()[-1]) if answer is not None and answer.code == 0 else None
    except (ValueError, IndexError):
        told = None
    if told is not None:
        yield fine("torch.fine", f"PyTorch {told['version']} starts.")
        return
    last = "it took too long" if answer is None else (answer.out.splitlines() or [f"exit code {answer.code}"])[-1]
    command = case.installer("repair")
    remedy = "Install it again."
    if case.machine.system == "Windows" and ("DLL" in last or "1114" in last or "126" in last):
        remedy = "Install Microsoft's Visual C++ runtime, then try again."
        command = "winget install Microsoft.VCRedist.2015+.x64"
    yield error(
        "torch.broken",
        f"PyTorch {version} is installed and does not start: {last}",
        "The engine cannot start: viewers see a card instead of the look.",
        remedy,
        f"{quoted(case.machine.python)} -c 'import torch, diffusers'\n{command}",
    )
