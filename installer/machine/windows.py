"""Windows: a shortcut in the Start menu, starting at login, OBS. Tested on recorded facts; untried on a real one."""

from __future__ import annotations

import os
from typing import Iterator

from . import obs
from .actions import Run
from .host import Host
from .steps import MachineStep, Wishes, left_out, step

FILTER = r"HKLM\SOFTWARE\Classes\CLSID\{A3FCE0F5-3493-419F-958A-ABA1250EC20B}"
RUN_KEY = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
VALUE = "StreamV2V Camera"


def steps(host: Host, wishes: Wishes) -> Iterator[MachineStep]:
    """All of them, in order."""
    yield camera(host)
    yield shortcut(host, wishes)
    yield autostart(host, wishes)
    yield from obs.steps(host, wishes)


def camera(host: Host) -> MachineStep:
    """OBS's virtual camera, which OBS's own installer registers."""
    if host.ask("reg", "query", FILTER) is not None:
        return step("camera", "OBS's virtual camera", (), done=True)
    return left_out(
        "camera", "OBS's virtual camera", "install OBS: winget install OBSProject.OBSStudio; then repeat the command."
    )


def shortcut(host: Host, wishes: Wishes) -> MachineStep:
    """A shortcut in the Start menu."""
    base = host.environment.get("APPDATA") or os.path.join(host.home, "AppData", "Roaming")
    name = base + r"\Microsoft\Windows\Start Menu\Programs\StreamV2V Camera.lnk"
    make = (
        f"$s = (New-Object -ComObject WScript.Shell).CreateShortcut({_quoted(name)}); "
        f"$s.TargetPath = {_quoted(wishes.program)}; $s.Arguments = 'run'; $s.Save()"
    )
    take_away = f"Remove-Item -ErrorAction SilentlyContinue {_quoted(name)}"
    actions = [Run(_powershell(make), undo=_powershell(take_away))]
    return step("shortcut", "an entry in the Start menu", actions, done=host.exists(name))


def autostart(host: Host, wishes: Wishes) -> MachineStep:
    """A value of the registry, where that was asked for."""
    there = host.ask("reg", "query", RUN_KEY, "/v", VALUE) is not None
    if not wishes.autostart and not there:
        return left_out("autostart", "start at login", "not asked for; installer install --autostart does it.")
    add = ["reg", "add", RUN_KEY, "/v", VALUE, "/d", f'"{wishes.program}" run --no-open', "/f"]
    actions = [Run(add, undo=["reg", "delete", RUN_KEY, "/v", VALUE, "/f"])]
    return step("autostart", "start at login", actions, done=there)


def _powershell(script: str) -> list[str]:
    return ["powershell", "-NoProfile", "-NonInteractive", "-Command", script]


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
