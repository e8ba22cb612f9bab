"""Who the installation is for: name and home folder; and root that is there in somebody else's place."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Mapping, Sequence

from ..errors import InstallError

PEOPLE = range(1000, 65534)
"""Numbers of accounts that are a person's; those below, and nobody's, are of the system."""


def is_whole(path: str, system: str) -> bool:
    """Whether a path of that system says all of a place, wherever one stands."""
    return (PureWindowsPath if system == "win32" else PurePosixPath)(path).is_absolute()


def home_folder() -> str:
    """The home folder of whoever calls.

    Raises:
        InstallError: it is not known, or no whole path.
    """
    variable = "USERPROFILE" if os.name == "nt" else "HOME"
    given = os.environ.get(variable)
    try:
        home = str(Path.home()) if given is None or os.name == "nt" else given
    except RuntimeError:
        raise InstallError(
            f"Your home folder is wanted, and neither {variable} nor the system says it. Set {variable} to it, then "
            "repeat the command."
        ) from None
    if not is_whole(home, sys.platform):
        raise InstallError(
            f"Your home folder is wanted, and {variable} is {home!r}, which is no whole path. Set it to all of the "
            "path, or unset it, then repeat the command."
        )
    return home


def user_name(environment: Mapping[str, str], system: str, *, is_here: bool) -> str:
    """Who it is for, by name; empty where nobody says it.

    Args:
        is_here: whether it is the machine that this runs on, whose list of accounts counts.
    """
    if system == "win32":
        return environment.get("USERNAME") or ""
    named = environment.get("USER") or environment.get("LOGNAME")
    if named or not is_here or sys.platform == "win32":
        return named or ""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def refuse_root_for_another(environment: Mapping[str, str], home: str) -> None:
    """Menu entry, service and OBS belong to the person, not to root: root sets up root alone.

    Raises:
        InstallError: root calls, and somebody else is meant.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    import pwd

    meant = another_person(environment, home, [(each.pw_name, each.pw_uid, each.pw_dir) for each in pwd.getpwall()])
    if meant is not None:
        variable, who = meant
        mend = {"HOME": "HOME=/root", "USER": "USER=root", "LOGNAME": "USER=root"}.get(variable, f"env -u {variable}")
        raise InstallError(
            f"Root called this, and {variable} says that it is for {who}, whose menu entry, service and OBS root "
            f"cannot set up. Call the installer as {who}, without sudo, su or doas; where it needs root it asks. "
            f"If it is for root, begin the command with: {mend}"
        )


def another_person(
    environment: Mapping[str, str], home: str, accounts: Sequence[tuple[str, int, str]]
) -> tuple[str, str] | None:
    """Whom root stands in for, and the variable that says so; None where root is meant.

    Args:
        accounts: name, number and home folder of each.
    """
    roots = {"root", *(name for name, number, _ in accounts if number == 0)}
    for variable in ("SUDO_USER", "DOAS_USER"):
        name = environment.get(variable)
        if name and name not in roots:
            return variable, name
    caller = environment.get("PKEXEC_UID")
    if caller and caller != "0":
        return "PKEXEC_UID", next((name for name, number, _ in accounts if str(number) == caller), f"number {caller}")
    # su changes HOME and leaves these two as they were
    variable = "USER" if environment.get("USER") else "LOGNAME"
    name = environment.get(variable)
    if name and name not in roots:
        return variable, name
    place = os.path.realpath(home)
    return next(
        (("HOME", name) for name, number, theirs in accounts if number in PEOPLE and os.path.realpath(theirs) == place),
        None,
    )
