"""The verbs. Exit codes: that of what was run; 2 for a set-up that failed; 130 when stopped."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Sequence

from . import command_line
from .console import Console
from .errors import InstallError
from .installation import do_verb
from .steps import prepare

ROOT = Path(__file__).resolve().parent.parent
USAGE = """\
usage: python3 installer run  [-- OPTIONS]   set up once, then: streamv2v-cam run OPTIONS
       python3 installer test [-- OPTIONS]   set up once, then: pytest OPTIONS
       python3 installer install             set up, and the machine too: virtual camera, menu entry, OBS
       python3 installer update              the newest version of it, where this is a git checkout
       python3 installer repair              look at everything that was set up, make what is broken anew
       python3 installer remove              take all of it back, and delete .venv

install, update, repair and remove take --dry-run (only say what would be done) and --yes (do not ask before root is
needed); install and update also --autostart (start the program at every login), remove --purge (your settings, looks
and log too).
On Windows: py installer run
Before the --, --verbose shows everything that pip says (it is also in .venv/installer.log).
Example: python3 installer run -- --for 20 --sink out.mp4"""
WHOLE_SUITE = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder", "--durations=10")
"""Tests run side by side, a file at a time and in the order of `tests/conftest.py`; the ten slowest are told."""


def main(arguments: Sequence[str], *, root: Path = ROOT) -> int:
    """Do what the command line says; returns the exit code. Errors are one line on stderr."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a path may hold bytes that are no letters; stderr writes those like this by itself
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _do(list(arguments), root)
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # whoever read a dry run has seen enough; Python would complain once more while it flushes at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        print(f"error: {named}{error.strerror or error}. Mend that and repeat the command.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; repeat the command to go on from here", file=sys.stderr)
        return 130


def _do(arguments: list[str], root: Path) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    asked = command_line.read(arguments)
    if asked.help:
        print(USAGE)
        return 0
    # An order to end is taken as Ctrl-C is, so that pip does not work on alone.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(verbose="--verbose" in asked.own)
    if asked.verb in command_line.OPTIONS:
        return do_verb(asked.verb, root, console, frozenset(asked.own))
    tests = asked.verb == "test"
    environment = prepare(root, tests=tests, console=console, fleet=tests and "fleet" in asked.passed_on)
    python = str(environment.python)
    if asked.verb == "run":
        return _become([python, "-m", "streamv2v_cam", "run", *asked.passed_on])
    os.chdir(root)
    return _become([python, "-m", "pytest", *WHOLE_SUITE, *asked.passed_on])


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
