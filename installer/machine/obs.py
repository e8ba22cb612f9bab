"""OBS: the hotkey script in its scene collections, and our page among its docks; only while it is closed."""

from __future__ import annotations

import os
from typing import Callable, Collection, Iterator

from ..errors import InstallError
from .host import Host
from .obs_change import ObsFile, take_out_of_other
from .steps import PENDING, MachineStep, Wishes, left_out, step

PROGRAMS = {"linux": ("obs",), "win32": ("obs64", "obs32"), "darwin": ("OBS",)}
INIS = ("user.ini", "global.ini")
"""The first of them is the one with the docks: user.ini since OBS 31, with global.ini for the machine beside it."""
OPEN = "OBS is open, and would write over it when it ends. Close OBS, then repeat the command."


def steps(host: Host, wishes: Wishes) -> Iterator[MachineStep]:
    """Script and dock, for each OBS of the person (a Flatpak or a snap has folders of its own)."""
    folders = [folder for folder in folders_of(host) if host.exists(folder)]
    if not folders:
        reason = "OBS was not found, or has not been started yet; repeat the command afterwards, if you use it."
        yield left_out("obs", "OBS: hotkey script and dock", reason)
        return
    open_now = is_open(host)
    for folder in folders:
        where = "" if len(folders) == 1 else f" ({folder})"
        for name, title, actions in (
            ("obs-script", f"OBS: the hotkey script{where}", _scripts(host, folder, wishes.script)),
            ("obs-dock", f"OBS: the page as a dock{where}", _dock(host, folder, wishes.dock)),
        ):
            for made in _steps(host, name, title, actions):
                yield left_out(name, title, OPEN) if open_now and made.state == PENDING else made


def is_open(host: Host) -> bool:
    """Whether OBS runs."""
    return any(host.running(program) for program in PROGRAMS.get(host.system, ()))


def take_out_of_others(host: Host, known: Collection[str], say: Callable[[str], None]) -> None:
    """Take ours out of the files that OBS has made of those that we changed.

    Args:
        known: files that the journal knows.
    """
    for folder in folders_of(host):
        files = [(action.name, action.change) for action in _scripts(host, folder, "")]
        files += [(os.path.join(folder, name), "dock") for name in INIS if host.exists(os.path.join(folder, name))]
        for name, change in files:
            if name not in known:
                take_out_of_other(name, change, host, say)


def folders_of(host: Host) -> list[str]:
    """Where OBS may keep its settings."""
    if host.system == "win32":
        return [os.path.join(host.place("APPDATA", "AppData", "Roaming"), "obs-studio")]
    if host.system == "darwin":
        return [os.path.join(host.home, "Library", "Application Support", "obs-studio")]
    config = host.place("XDG_CONFIG_HOME", ".config")
    flatpak = os.path.join(host.home, ".var", "app", "com.obsproject.Studio", "config", "obs-studio")
    return [os.path.join(config, "obs-studio"), flatpak]


def _scripts(host: Host, folder: str, script: str) -> list[ObsFile]:
    scenes = os.path.join(folder, "basic", "scenes")
    names = [name for name in host.names(scenes) if name.endswith(".json")]
    return [ObsFile(os.path.join(scenes, name), "script", script) for name in names]


def _dock(host: Host, folder: str, address: str) -> list[ObsFile]:
    names = [name for name in INIS if host.exists(os.path.join(folder, name))]
    return [ObsFile(os.path.join(folder, names[0]), "dock", address)] if names else []


def _steps(host: Host, name: str, title: str, actions: list[ObsFile]) -> Iterator[MachineStep]:
    """One step for the files that can be changed, and one for each that is not as OBS writes it."""
    if not actions:
        yield left_out(name, title, "OBS has written no such file yet; start it once, close it, repeat the command.")
        return
    todo, odd = [], []
    for action in actions:
        try:
            if not action.is_done(host):
                todo.append(action)
        except InstallError as error:
            odd.append(left_out(name, title, f"{action.name}: {error}"))
    if len(odd) < len(actions):
        yield step(name, title, todo, done=not todo)
    yield from odd
