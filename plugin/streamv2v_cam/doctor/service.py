"""The user service that the installer writes: whether it leads somewhere, and whether it has given up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .case import Case
from .finding import Finding, error, fine

UNIT = "streamv2v-cam.service"


def check(case: Case) -> Iterator[Finding]:
    """The service, where there is one."""
    if case.machine.system != "Linux":
        return
    base = case.machine.environment.get("XDG_CONFIG_HOME")
    folder = (Path(base) if base else case.machine.home / ".config") / "systemd" / "user"
    text = case.machine.text(folder / UNIT)
    if text is None:
        return
    found = re.search(r'^ExecStart=(/usr/bin/env )?"((?:[^"\\]|\\.)*)"', text, re.MULTILINE)
    program = re.sub(r"\\(.)", r"\1", found[2]).replace("%%", "%") if found else ""
    if found and found[1]:
        # systemd reads $ in all words but the first
        program = program.replace("$$", "$")
    if program and not case.machine.exists(program):
        yield error(
            "service.moved",
            f"The service starts {program}, which is not there any more.",
            "The program does not start at login.",
            "Write the service anew, from where the program is now.",
            case.installer("install"),
        )
        return
    state = case.machine.ask("systemctl", "--user", "is-failed", UNIT)
    if state is not None and state.out == "failed":
        yield error(
            "service.failed",
            "The service has given up: the program ended with an error again and again, or its settings are refused.",
            "The program does not run, although it was to be started.",
            "See what it said; mend that, then start it again.",
            f"journalctl --user --unit {UNIT} --lines 30\nsystemctl --user restart {UNIT}",
        )
    else:
        yield fine("service.fine", "The service is there.")
