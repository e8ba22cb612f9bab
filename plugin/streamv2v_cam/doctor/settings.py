"""The settings and looks: whether they can be read, and mean what they say."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case
from .finding import Finding, error, fine


def check(case: Case) -> Iterator[Finding]:
    """The settings file, the environment, the looks."""
    if case.settings is None:
        edit = "notepad" if case.machine.system == "Windows" else "nano"
        path = '"$(streamv2v-cam config path)"'
        if case.machine.system == "Windows":
            path = "(streamv2v-cam config path)"
        yield error(
            "settings.refused",
            case.refusal or "The settings cannot be used.",
            "The program does not start.",
            "Correct that line; without the file everything is as it was delivered.",
            f"{edit} {path}",
        )
        return
    changed = len(case.settings.origins)
    if case.settings.path.exists():
        yield fine("settings.fine", f"The settings can be used; {changed} differ from what was delivered.")
    else:
        yield fine("settings.none", "There is no settings file; everything is as it was delivered.")
    from ..errors import LookError

    try:
        count = len(list(case.settings.looks()))
    except LookError as refusal:
        yield error(
            "looks.refused",
            str(refusal),
            "Your looks are not there; the program may not start.",
            "Correct the file, or move it away: the looks that were delivered are there without it.",
            "streamv2v-cam looks",
        )
        return
    yield fine("looks.fine", f"{count} looks are there.")
