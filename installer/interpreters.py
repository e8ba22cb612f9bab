"""Which Python carries the environment: this one, or a newer one on the same machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Sequence

from .errors import PythonError

LEAST = (3, 11)
NEWEST_TRIED = (3, 14)
"""PyTorch has builds up to here; a newer Python is used only when there is no other."""
PROBE_LIMIT_S = 20.0

_QUESTION = """
import json, sys
missing = []
for name in ("venv", "ensurepip"):
    try:
        __import__(name)
    except Exception:
        missing.append(name)
print(json.dumps({"path": sys.executable, "version": list(sys.version_info[:3]), "missing": missing,
                  "wide": sys.maxsize > 2 ** 32}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine.

    Attributes:
        path: its executable.
        version: major, minor, micro.
        missing: standard modules it lacks (Debian splits off `venv` and `ensurepip`).
        wide: a 64-bit build; PyTorch has no other.
    """

    path: str
    version: tuple[int, ...]
    missing: tuple[str, ...] = ()
    wide: bool = True

    @property
    def fits(self) -> bool:
        """Can carry the environment."""
        return self.version[:2] >= LEAST and not self.missing and self.wide

    def describe(self) -> str:
        """The Python in words, with what is wrong with it."""
        words = "Python {} ({})".format(".".join(map(str, self.version)), self.path)
        if not self.wide:
            words += ", a 32-bit build"
        if self.missing:
            words += " without " + " and ".join(self.missing)
        return words


def probe(command: Sequence[str]) -> Interpreter | None:
    """Ask the Python behind `command` what it is; None when it does not answer."""
    try:
        answer = subprocess.run(
            [*command, "-c", _QUESTION],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=PROBE_LIMIT_S,
            check=False,
        )
        facts = json.loads(answer.stdout.decode("utf-8", "replace")) if answer.returncode == 0 else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if facts is None:
        return None
    return Interpreter(facts["path"], tuple(facts["version"]), tuple(facts["missing"]), bool(facts["wide"]))


def find_interpreter() -> Interpreter:
    """The Python that runs the installer if it fits, else a fitting one on PATH (on Windows also `py -3.x`).

    Raises:
        PythonError: none fits; says what was found and what to install.
    """
    present = probe([sys.executable])
    if present is not None and present.fits and present.version[:2] <= NEWEST_TRIED:
        return present
    found = [] if present is None else [present]
    for command in _other_commands():
        other = probe(command)
        if other is None or any(os.path.samefile(other.path, known.path) for known in found):
            continue
        if other.fits:
            return other
        found.append(other)
    if present is not None and present.fits:
        return present
    raise PythonError(_what_to_install(found))


def _other_commands() -> list[list[str]]:
    # 3.11 first: it is the version that the constraints and the tests are made with.
    minors = range(LEAST[1], NEWEST_TRIED[1] + 1)
    commands = [[f"python3.{minor}"] for minor in minors] + [["python3"], ["python"]]
    if os.name == "nt":
        commands = [["py", f"-3.{minor}"] for minor in minors] + commands
    located = [(shutil.which(command[0]), command[1:]) for command in commands]
    return [[path, *rest] for path, rest in located if path is not None]


def _what_to_install(found: Sequence[Interpreter]) -> str:
    least = ".".join(map(str, LEAST))
    seen = "; ".join(item.describe() for item in found) or "none"
    almost = next((item for item in found if item.version[:2] >= LEAST and item.wide), None)
    return f"Python {least} or newer, 64 bit, with venv and pip is needed. Found: {seen}. {_remedy(almost)}"


def _remedy(almost: Interpreter | None) -> str:
    version = ".".join(map(str, (almost.version if almost is not None else LEAST)[:2]))
    if sys.platform == "darwin":
        return "Install one from https://www.python.org/downloads/ or with: brew install python@3.13"
    if os.name == "nt":
        return "Install one with: winget install Python.Python.3.13 (or from https://www.python.org/downloads/)"
    if almost is not None:
        return f"On Debian or Ubuntu install what is missing with: sudo apt install python{version}-venv"
    return (
        "On Debian 12 install it with: sudo apt install python3.11 python3.11-venv; on Ubuntu 24.04: "
        "sudo apt install python3.12 python3.12-venv; on Fedora: sudo dnf install python3.12"
    )
