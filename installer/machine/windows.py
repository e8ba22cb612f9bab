"""Windows: a shortcut in the Start menu, starting at login, OBS. Tested on recorded facts; untried on a real one."""

from __future__ import annotations

from typing import Iterator, Sequence

from . import obs
from .actions import Run
from .host import Host
from .journal import Journal
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
    title = "an entry in the Start menu"
    name = host.place("APPDATA", "AppData", "Roaming") + r"\Microsoft\Windows\Start Menu\Programs\StreamV2V Camera.lnk"
    opened = f"$s = (New-Object -ComObject WScript.Shell).CreateShortcut({_quoted(name)}); "
    make = f"{opened}$s.TargetPath = {_quoted(wishes.program)}; $s.Arguments = 'run'; $s.Save()"
    same = f"{opened}$s.TargetPath -eq {_quoted(wishes.program)} -and $s.Arguments -eq 'run'"
    undo = _powershell(f"Remove-Item -ErrorAction SilentlyContinue {_quoted(name)}")
    done = host.exists(name) and _is_true(host, same)
    if not done and host.exists(name) and not _is_ours(host, undo):
        return left_out("shortcut", title, f"{name} is there already and leads elsewhere; it stays.")
    return step("shortcut", title, [Run(_powershell(make), undo=undo)], done=done)


def autostart(host: Host, wishes: Wishes) -> MachineStep:
    """A value of the registry, where that was asked for."""
    title = "start at login"
    there = host.ask("reg", "query", RUN_KEY, "/v", VALUE) is not None
    if not wishes.autostart and not there:
        return left_out("autostart", title, "not asked for; installer install --autostart does it.")
    command, drive = f'"{wishes.program}" run --no-open', RUN_KEY.replace("HKCU", "HKCU:")
    add = ["reg", "add", RUN_KEY, "/v", VALUE, "/d", command, "/f"]
    undo = ["reg", "delete", RUN_KEY, "/v", VALUE, "/f"]
    same = f"(Get-Item {_quoted(drive)}).GetValue({_quoted(VALUE)}) -eq {_quoted(command)}"
    done = there and _is_true(host, same)
    if not done and there and not _is_ours(host, undo):
        return left_out(
            "autostart", title, f"{VALUE} in {RUN_KEY} is there already and starts something else; it stays."
        )
    return step("autostart", title, [Run(add, undo=undo)], done=done)


def _is_true(host: Host, script: str) -> bool:
    """What PowerShell makes of a comparison; its own answer has no letters that a code page changes."""
    return host.ask(*_powershell(script)) == "True"


def _is_ours(host: Host, undo: Sequence[str]) -> bool:
    return Journal(host).knows(kind="run", undo=list(undo))


def _powershell(script: str) -> list[str]:
    return ["powershell", "-NoProfile", "-NonInteractive", "-Command", script]


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
