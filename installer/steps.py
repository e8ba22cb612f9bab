"""The set-up as a list of steps: each is skipped when it was finished with the same ingredients.

A step's fingerprint covers its own ingredients and those of all before it, so that a changed
`pyproject.toml` repeats what leans on it and nothing else, and a stopped set-up goes on where it was.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Sequence

from . import torch_build
from .console import Console
from .environment import Environment, Turn
from .errors import InstallError, NetworkError, PipError
from .interpreters import find_interpreter
from .pip import Pip
from .system_packages import PACKAGES, install_test_programs

ROOM_BYTES = 4 * 1000**3
"""The environment with the CPU build of torch takes about 2 GB, and pip unpacks beside its downloads."""
INDEX_RETRIES = ["--retries", "1", "--timeout", "20"]


@dataclass(frozen=True)
class Step:
    """One piece of the set-up.

    Attributes:
        name: its name in the record.
        title: what people read.
        ingredients: everything that the result depends on, as text.
        work: does it; returns a word about the result.
        words: what it does, as a command.
    """

    name: str
    title: str
    ingredients: str
    work: Callable[[], str]
    words: str = ""


def prepare(root: Path, *, tests: bool, console: Console, fleet: bool = False) -> Environment:
    """Bring the environment of the project at `root` up to date; silent and quick when it already is.

    Args:
        tests: also install what the tests need.
        fleet: also install Ray Serve.

    Raises:
        InstallError: a step failed; the finished ones are kept.
    """
    environment = Environment(root)
    if not _todo(environment, _steps(environment, console, tests=tests, fleet=fleet)):
        return environment
    environment.check_place()
    with Turn(root):
        steps = _steps(environment, console, tests=tests, fleet=fleet)
        todo = _todo(environment, steps)
        for step in todo:
            console.begin(steps.index(step) + 1, len(steps), step.title)
            result = step.work()
            environment.record({**_kept(environment, steps, step), step.name: _fingerprint(steps, step)})
            console.end(result)
    return environment


def todo_lines(environment: Environment, *, again: bool = False) -> Iterator[str]:
    """What `prepare` would do, a line each; `again` as if nothing had been done."""
    steps = _steps(environment, Console(), tests=False)
    todo = steps if again else _todo(environment, steps)
    for step in steps:
        yield f"{step.title}: {'to do' if step in todo else 'done'}"
        if step in todo and step.words:
            yield f"    {step.words}"


def _steps(environment: Environment, console: Console, *, tests: bool, fleet: bool = False) -> list[Step]:
    work = _Work(environment, console)
    root = environment.root
    needs = (root / "pyproject.toml").read_text("utf-8")
    constraints = _constraints(root).read_text("utf-8")
    version = torch_version(constraints)
    has_gpu = "nvidia" if shutil.which("nvidia-smi") else "none"
    # pip writes the project's place into the environment, so a moved folder is a changed ingredient.
    steps = [
        Step(
            "environment",
            "Python environment in .venv",
            str(root),
            work.environment,
            f"run: python3 -m venv {environment.folder}",
        ),
        Step(
            "torch",
            f"PyTorch {version}",
            version + has_gpu,
            lambda: work.torch(version),
            f"run: {environment.python} -m pip install torch=={version}  (the build for this machine)",
        ),
        Step(
            "program",
            "the program and its libraries",
            needs + constraints,
            lambda: work.project(""),
            f"run: {environment.python} -m pip install --editable . --constraint {_constraints(root)}",
        ),
        Step("check", "does it start?", "", work.check),
    ]
    if tests:
        steps.append(Step("tests", "what the tests need", "", lambda: work.project("[test]")))
        steps.append(
            Step("programs", "OBS and a browser, for the tests that drive them", " ".join(PACKAGES), work.programs)
        )
    if fleet:
        steps.append(Step("fleet", "Ray Serve, for a fleet of engines", "", lambda: work.project("[fleet]")))
    return steps


def torch_version(constraints: str) -> str:
    """The version of torch that `constraints` fixes."""
    found = re.search(r"^torch==(\S+)", constraints, re.MULTILINE)
    if found is None:
        raise InstallError("installer/constraints.txt fixes no version of torch; add a line such as torch==2.13.0")
    return found[1]


class _Work:
    """What the steps do."""

    def __init__(self, environment: Environment, console: Console) -> None:
        self._environment = environment
        self._console = console

    def environment(self) -> str:
        environment = self._environment
        if environment.works():
            return "found one that works"
        free_bytes = shutil.disk_usage(environment.root).free
        if free_bytes < ROOM_BYTES:
            self._console.say(
                f"note: {free_bytes / 1e9:.1f} GB are free on this disk; {ROOM_BYTES / 1e9:.0f} GB are wanted"
            )
        interpreter = find_interpreter()
        environment.create(interpreter)
        return interpreter.describe()

    def torch(self, version: str) -> str:
        machine = torch_build.look_at_machine()
        hint = torch_build.advice(machine.gpu)
        if hint:
            self._console.say("note: " + hint)
        refused: list[PipError] = []
        for attempt in torch_build.attempts_for(machine, version):
            self._console.tick(attempt.words)
            extra = [] if attempt.index_url is None else ["--extra-index-url", attempt.index_url, *INDEX_RETRIES]
            try:
                self._pip().install([attempt.requirement, *extra], where=self._environment.root)
            except PipError as error:
                if not error.no_match:
                    raise
                refused.append(error)
                self._console.say("      not there: " + attempt.words)
            else:
                return f"{attempt.words}, for: {torch_build.describe(machine)}"
        raise _all_refused(refused, version)

    def project(self, extra: str) -> str:
        wanted = ["--editable", "." + extra]
        root = self._environment.root
        try:
            self._pip().install([*wanted, "--constraint", str(_constraints(root))], where=root)
        except NetworkError:
            raise
        except PipError as error:
            if not error.no_match:
                raise
            self._console.say(
                "note: an index lacks one of the exact versions of installer/constraints.txt; pip chooses"
            )
            self._pip().install(wanted, where=root)
        return ""

    def check(self) -> str:
        question = "import torch, streamv2v_cam; print(torch.__version__)"
        asked = subprocess.run(
            [str(self._environment.python), "-c", question],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = asked.stdout.decode("utf-8", "replace").strip().splitlines() or [""]
        if asked.returncode != 0:
            raise InstallError(
                f"The environment was made but does not start: {said[-1]}. Begin anew with: installer remove"
            )
        return "torch " + said[-1]

    def programs(self) -> str:
        return install_test_programs(self._environment.log, say=lambda line: self._console.say(line))

    def _pip(self) -> Pip:
        return Pip(self._environment.python, console=self._console, log=self._environment.log)


def _all_refused(refused: Sequence[PipError], version: str) -> InstallError:
    hosts = sorted({host for error in refused if isinstance(error, NetworkError) for host in error.hosts})
    if hosts:
        return InstallError(
            f"torch {version} could not be had: {', '.join(hosts)} could not be reached. Check the network "
            "(behind a proxy, set HTTPS_PROXY), then repeat the command: what is done is kept."
        )
    return InstallError(
        f"No package index has torch {version} for this Python on {sys.platform}. Put another Python (3.11 to 3.14) "
        "first on PATH, then: installer remove, and repeat the command."
    )


def _constraints(root: Path) -> Path:
    return root / "installer" / "constraints.txt"


def _fingerprint(steps: Sequence[Step], step: Step) -> str:
    before = [item for item in steps[: steps.index(step) + 1] if item.name != "check" or item is step]
    return hashlib.sha256("\0".join(item.name + item.ingredients for item in before).encode()).hexdigest()[:20]


def _todo(environment: Environment, steps: Sequence[Step]) -> list[Step]:
    finished = environment.finished() if environment.python.exists() else {}
    if finished and not environment.works():
        finished = {}
    return [step for step in steps if finished.get(step.name) != _fingerprint(steps, step)]


def _kept(environment: Environment, steps: Sequence[Step], step: Step) -> dict[str, str]:
    """The record without the steps that come after `step`: they lean on what is now made anew."""
    later = {item.name for item in steps[steps.index(step) :]}
    return {name: mark for name, mark in environment.finished().items() if name not in later}
