"""Foreign programs that some tests drive: OBS Studio, a display without a screen, a browser.

They come from the system's own packages, where that is Debian's or Ubuntu's apt and we are root; anywhere else
the tests that need them are left out, which they say themselves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable

OFF_VARIABLE = "STREAMV2V_NO_APT"
OBS_PACKAGES = ("obs-studio", "obs-plugins", "xvfb", "libgl1-mesa-dri", "libegl1", "dbus", "fonts-dejavu-core")
GROUPS = ((("obs", "Xvfb"), OBS_PACKAGES), (("chromium",), ("chromium",)))
"""What is looked for, and the packages that bring it; one group's failure is not the other's."""
PACKAGES = tuple(package for _, packages in GROUPS for package in packages)
LIMIT_S = 1800


def install_test_programs(log: Path, *, say: Callable[[str], None]) -> str:
    """Install what is missing; never an error, since the rest of the tests needs none of it.

    Args:
        log: keeps what apt said.
        say: one line for the person.

    Returns:
        A word about the result.
    """
    result = "there"
    for names, packages in GROUPS:
        missing = [name for name in names if shutil.which(name) is None]
        if not missing:
            continue
        reason = _obstacle(packages) or _apt(packages, log)
        if reason is not None:
            say(f"note: {' and '.join(missing)} missing ({reason}); the tests that need it are left out")
        result = "left out" if reason or result == "left out" else "installed"
    return result


def _obstacle(packages: tuple[str, ...]) -> str | None:
    """Why nothing can be installed here; None where it can."""
    if not sys.platform.startswith("linux") or shutil.which("apt-get") is None:
        return "there is no apt here"
    if os.environ.get(OFF_VARIABLE):
        return f"{OFF_VARIABLE} is set"
    if os.geteuid() != 0:
        return "install them with: sudo apt-get install --no-install-recommends " + " ".join(packages)
    return None


def _apt(packages: tuple[str, ...], log: Path) -> str | None:
    """None when apt has installed all; else what went wrong."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = [
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
    ]
    with log.open("a", encoding="utf-8") as output:
        for command in commands:
            print("$ " + " ".join(command), file=output, flush=True)
            try:
                ended = subprocess.run(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=LIMIT_S,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return f"apt-get: {type(error).__name__}"
            if ended.returncode != 0 and command[1] == "install":
                return f"apt-get failed; the log is {log}"
    return None
