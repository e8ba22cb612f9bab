"""OBS: the hotkey script in its scene collections, and our page among its docks; only while it is closed."""

from __future__ import annotations

import os
from typing import Iterator

from ..errors import InstallError
from . import obs_files
from .actions import ObsFile
from .host import Host
from .steps import DONE, MachineStep, Wishes, left_out, step

PROGRAMS = {"linux": ("obs",), "win32": ("obs64", "obs32"), "darwin": ("OBS",)}
OPEN = "OBS is open, and would write over it when it ends. Close OBS, then repeat the command."


def steps(host: Host, wishes: Wishes) -> Iterator[MachineStep]:
    """Script and dock, for each OBS of the person (a Flatpak or a snap has folders of its own)."""
    folders = [folder for folder in folders_of(host) if host.exists(folder)]
    if not folders:
        reason = "OBS was not found, or has not been started yet; repeat the command afterwards, if you use it."
        yield left_out("obs", "OBS: hotkey script and dock", reason)
        return
    is_open = any(host.running(program) for program in PROGRAMS[host.system])
    for folder in folders:
        where = "" if len(folders) == 1 else f" ({folder})"
        for name, title, actions in (
            ("obs-script", f"OBS: the hotkey script{where}", _scripts(host, folder, wishes.script)),
            ("obs-dock", f"OBS: the page as a dock{where}", _dock(host, folder, wishes.dock)),
        ):
            made = _step(host, name, title, actions)
            yield left_out(name, title, OPEN) if is_open and made.state != DONE else made


def folders_of(host: Host) -> list[str]:
    """Where OBS may keep its settings."""
    if host.system == "win32":
        base = host.environment.get("APPDATA") or os.path.join(host.home, "AppData", "Roaming")
        return [os.path.join(base, "obs-studio")]
    if host.system == "darwin":
        return [os.path.join(host.home, "Library", "Application Support", "obs-studio")]
    config = host.environment.get("XDG_CONFIG_HOME") or os.path.join(host.home, ".config")
    flatpak = os.path.join(host.home, ".var", "app", "com.obsproject.Studio", "config", "obs-studio")
    return [os.path.join(config, "obs-studio"), flatpak]


def _scripts(host: Host, folder: str, script: str) -> list[ObsFile]:
    scenes = os.path.join(folder, "basic", "scenes")
    names = [name for name in host.names(scenes) if name.endswith(".json")]
    return [ObsFile(os.path.join(scenes, name), "script", script) for name in names]


def _dock(host: Host, folder: str, address: str) -> list[ObsFile]:
    # user.ini since OBS 31; global.ini stays beside it for what belongs to the machine
    names = [name for name in ("user.ini", "global.ini") if host.exists(os.path.join(folder, name))]
    return [ObsFile(os.path.join(folder, names[0]), "dock", address)] if names else []


def _step(host: Host, name: str, title: str, actions: list[ObsFile]) -> MachineStep:
    if not actions:
        return left_out(name, title, "OBS has written no such file yet; start it once, close it, repeat the command.")
    todo = []
    for action in actions:
        text = host.read(action.name) or ""
        try:
            if obs_files.ADD[action.change](text, action.value) != text:
                todo.append(action)
        except InstallError as error:
            return left_out(name, title, f"{action.name}: {error}")
    return step(name, title, todo, done=not todo)
