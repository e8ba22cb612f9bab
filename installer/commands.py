"""The verbs: run, test, remove. Exit codes: that of what was run; 2 for a set-up that failed; 130 when stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Sequence

from .console import Console
from .environment import Environment, Turn
from .errors import InstallError
from .steps import prepare

ROOT = Path(__file__).resolve().parent.parent
USAGE = """\
usage: python3 installer run  [-- OPTIONS]   set up once, then: streamv2v-cam run OPTIONS
       python3 installer test [-- OPTIONS]   set up once, then: pytest OPTIONS
       python3 installer remove              delete .venv

On Windows: py installer run
Before the --, --verbose shows everything that pip says (it is also in .venv/installer.log).
Example: python3 installer run -- --for 20 --sink out.mp4"""
VERBS = ("run", "test", "remove")
WHOLE_SUITE = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder", "--durations=10")
"""Tests run side by side, a file at a time and in the order of `tests/conftest.py`; the ten slowest are told."""


def main(arguments: Sequence[str], *, root: Path = ROOT) -> int:
    """Do what the command line says; returns the exit code. Errors are one line on stderr."""
    try:
        return _do(list(arguments), root)
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; repeat the command to go on from here", file=sys.stderr)
        return 130


def _do(arguments: list[str], root: Path) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    verb, own, passed_on = arguments[0], arguments[1:], []
    if "--" in own:
        cut = own.index("--")
        own, passed_on = own[:cut], own[cut + 1 :]
    if verb not in VERBS:
        raise InstallError("{!r} is no verb of the installer; there are: {}".format(verb, ", ".join(VERBS)))
    if own in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    unknown = [option for option in own if option != "--verbose"]
    if unknown:
        raise InstallError(
            "{!r} is no option of the installer; options of the program go after --, as in: installer {} -- {}".format(
                unknown[0], verb, " ".join(unknown)
            )
        )
    if verb == "remove":
        return _remove(root)
    # An order to end is taken as Ctrl-C is, so that pip does not work on alone.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    environment = prepare(root, tests=verb == "test", console=Console(verbose="--verbose" in own))
    python = str(environment.python)
    if verb == "run":
        return _become([python, "-m", "streamv2v_cam", "run", *passed_on])
    os.chdir(root)
    return _become([python, "-m", "pytest", *WHOLE_SUITE, *passed_on])


def _remove(root: Path) -> int:
    environment = Environment(root)
    with Turn(root):
        removed = environment.remove()
    print(f"removed {environment.folder}" if removed else f"there is no {environment.folder}", file=sys.stderr)
    return 0


def _become(command: Sequence[str]) -> int:
    """Turn into `command` where the system can, so that signals and exit codes are its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], list(command))
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches the program as well; it stops by itself and its exit code is what counts.
            continue
