"""One file for a bug report: findings, facts, settings and log, with nothing secret in it.

What has a form is told by a list of what may be said (`settings.json`, `state.json`, `environment.json`); what has
none, the log and what commands answered, goes through the redactor. Nothing of a settings file or of a looks file is
copied: anything may stand in them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import CamError
from .bundlelists import told_environment, told_machine, told_settings, told_state
from .case import Case
from .examination import Report
from .finding import Finding
from .private import redactor_for
from .privatefiles import unread
from .redaction import Redactor
from .words import report_lines

LOG_LIMIT_BYTES = 300_000
LISTED = ("machine.json", "environment.json")
"""Told by a list alone: versions look like addresses of machines, names of variables like secrets."""
MOST_OF_A_NAME = 1000
LOG_LEFT_OUT = """\
The log is left out. The private words of every file of settings are looked for in it, and these files were not read.
Make them readable, or move them away, and write the bundle again.
"""
WHAT_IT_IS = """\
What streamv2v-cam doctor found on a machine, for a bug report.

findings.txt      what was looked at, in words; findings.json is the same for programs
machine.json      system, packages, video nodes
answers.json      what commands answered
settings.json     which settings differ from the delivered ones; words that a person wrote are counted, not told
environment.json  variables that matter
state.json        what the running program said of itself, if one ran
log*.txt          the end of the log

Taken out: tokens, passwords, keys, addresses of cameras, names of the person and the machine{prompts}.
"""


def write_bundle(path: Path, report: Report, *, with_prompts: bool = False) -> Path:
    """Write the zip, for this person alone; returns where it is: beside a file of that name, "doctor-2.zip" and so on.

    Raises:
        CamError: it cannot be written there.
    """
    members = bundle_members(report, with_prompts=with_prompts)
    try:
        target = _free_name(path)
        part = target.with_name(f".{target.name}.part-{os.getpid()}")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(packed(members))
            part.replace(target)
        except BaseException:
            for left in (part, target):
                left.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CamError(f"The bundle cannot be written to {path} ({error.strerror or error}).") from None
    return target


def _free_name(path: Path) -> Path:
    """The name, or the next that no file has; an empty file holds it, so that nobody else takes it."""
    if path.is_dir():
        raise CamError(
            f"The bundle cannot be written to {path}: it is a folder. Name a file in it, such as doctor.zip."
        )
    for number in range(1, MOST_OF_A_NAME):
        name = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        with contextlib.suppress(FileExistsError):
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return name
    raise CamError(
        f"The bundle cannot be written to {path}: there are {MOST_OF_A_NAME} of that name. Give another one."
    )


def packed(members: Mapping[str, str]) -> bytes:
    """Texts by their names as a zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return held.getvalue()


def bundle_members(report: Report, *, with_prompts: bool = False) -> dict[str, str]:
    """Name -> text of everything in the bundle."""
    from .page import state_of

    case = report.case
    state = state_of(case) if case.program else None
    redactor = redactor_for(case, with_prompts=with_prompts, state=state)
    # each text is cleaned before it is broken into lines or written as JSON: what is known is found in one piece
    clean = replace(report, findings=tuple(_cleaned(finding, redactor) for finding in report.findings))
    members = {
        "README.txt": WHAT_IT_IS.format(prompts="" if with_prompts else ", prompts, and other words of the person"),
        "findings.txt": "\n".join(report_lines(clean)).strip() + "\n",
        "findings.json": _json(clean.as_dict()),
        "answers.json": _json(redactor.clean(case.machine.heard)),
        "settings.json": _json(told_settings(case, redactor)),
        "machine.json": _json(told_machine(case, redactor)),
        "environment.json": _json(told_environment(case)),
    }
    if state is not None:
        members["state.json"] = _json(told_state(state, redactor, with_prompts=with_prompts))
    members |= _told_logs(case, redactor, with_prompts=with_prompts)
    # a second look at what has been taken out: what still shows a secret stays away as a whole
    return {
        name: "(left out)\n" if redactor.leaks(text, private=name not in LISTED) else text
        for name, text in members.items()
    }


def _told_logs(case: Case, redactor: Redactor, *, with_prompts: bool) -> dict[str, str]:
    """The logs without secrets; why they are left out where it is not known which secrets there are."""
    missing = [f"{redactor.text(str(path))}: {reason}." for path, reason in unread(case)]
    if not missing:
        return {f"log{name}.txt": redactor.log(text, with_quotes=with_prompts) for name, text in _logs(case)}
    return {"log.txt": LOG_LEFT_OUT + "\n".join(missing) + "\n"}


def _cleaned(finding: Finding, redactor: Redactor) -> Finding:
    return replace(
        finding,
        **{name: redactor.text(getattr(finding, name)) for name in ("finding", "meaning", "remedy", "command")},
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def _logs(case: Case) -> Iterator[tuple[str, str]]:
    """The end of the program's log and of the OBS process's."""
    from .resources import folders

    folder = folders(case)["the log"]
    for name, place in (("", folder), ("-obs", folder / "obs")):
        with contextlib.suppress(OSError):
            path = place / "streamv2v-cam.log"
            with path.open("rb") as stream:
                before = max(0, path.stat().st_size - LOG_LIMIT_BYTES)
                stream.seek(max(0, before - 1))
                text = stream.read().decode("utf-8", "replace")
                # half a line is not understood: an address without its beginning, the end of a quotation
                yield name, text.partition("\n")[2] if before else text
