"""Actions: one change of the machine each. It says in words what it does, does it, and what it did can be taken back.

`--dry-run` prints the words of the very actions that `install` performs.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any, Callable, Sequence

from ..errors import InstallError
from . import apt, obs_files
from .host import Host
from .journal import Journal


@dataclass(frozen=True)
class File:
    """A file with a text of ours.

    Attributes:
        name: its path.
        text: what it holds.
        mode: its rights.
        root: whether root has to write it.
    """

    name: str
    text: str
    mode: int = 0o644
    root: bool = False

    def words(self) -> list[str]:
        """What it does, the text indented."""
        return [f"write {self.name}{_as(self.root)}:", *("    " + line for line in self.text.splitlines())]

    def perform(self, host: Host, journal: Journal) -> None:
        """Write it; what stood there before is kept in the journal."""
        before = host.read(self.name)
        if before == self.text:
            return
        entry = {
            "kind": "file",
            "name": self.name,
            "root": self.root,
            "before": before,
            "sum": _sum(self.text),
            "folders": host.missing_folders(self.name),
        }
        known = next((old for old in journal.entries if old["kind"] == "file" and old["name"] == self.name), None)
        if known is not None:
            # a newer text over an older one of ours: what stood there before either still counts
            entry = {**entry, "before": known["before"], "folders": known["folders"]}
            journal.drop(known)
        elif before is None and host.exists(self.name):
            raise InstallError(f"{self.name} is there and cannot be read; move it away, then repeat.")
        journal.add(entry)
        host.write(self.name, self.text, mode=self.mode, root=self.root)


@dataclass(frozen=True)
class Link:
    """A symbolic link.

    Attributes:
        name: its path.
        goal: where it leads.
    """

    name: str
    goal: str

    def words(self) -> list[str]:
        """What it does."""
        return [f"link {self.name} to {self.goal}"]

    def perform(self, host: Host, journal: Journal) -> None:
        """Make it, unless something of that name is there."""
        if host.exists(self.name):
            return
        journal.add({"kind": "link", "name": self.name, "goal": self.goal, "folders": host.missing_folders(self.name)})
        host.link(self.name, self.goal)


@dataclass(frozen=True)
class Run:
    """A command.

    Attributes:
        command: words of it.
        undo: the command that takes it back; empty where nothing has to be.
        root: whether it needs root.
        may_fail: its failure is said and stops nothing.
    """

    command: Sequence[str]
    undo: Sequence[str] = ()
    root: bool = False
    may_fail: bool = False

    def words(self) -> list[str]:
        """What it does."""
        return [f"run{_as(self.root)}: {' '.join(self.command)}"]

    def perform(self, host: Host, journal: Journal) -> None:
        """Run it.

        Raises:
            InstallError: it failed.
        """
        if self.undo and not journal.knows(kind="run", undo=list(self.undo)):
            journal.add({"kind": "run", "undo": list(self.undo), "root": self.root})
        host.run(self.command, root=self.root)


@dataclass(frozen=True)
class Afterwards:
    """A command for the removal alone, when what comes after it in the list has been taken back.

    Attributes:
        command: words of it.
        root: whether it needs root.
    """

    command: Sequence[str]
    root: bool = False

    def words(self) -> list[str]:
        """What it does."""
        return [f"on removal run{_as(self.root)}: {' '.join(self.command)}"]

    def perform(self, host: Host, journal: Journal) -> None:
        """Write it down."""
        if not journal.knows(kind="run", undo=list(self.command)):
            journal.add({"kind": "run", "undo": list(self.command), "root": self.root})


@dataclass(frozen=True)
class ObsFile:
    """A change inside a file of OBS, which writes that file itself: taken back as a change, not as a file.

    Attributes:
        name: its path.
        change: "dock" or "script".
        value: what is put in.
    """

    name: str
    change: str
    value: str
    root = False

    def words(self) -> list[str]:
        """What it does; the key of the dock's address is not shown."""
        shown = self.value.partition("#")[0]
        what = {"dock": "the dock", "script": "the hotkey script"}[self.change]
        return [f"add {what} {shown} to {self.name} (a copy is kept as {self.name}{obs_files.BACKUP})"]

    def perform(self, host: Host, journal: Journal) -> None:
        """Put it in, after a copy of the file.

        Raises:
            InstallError: the file is not what OBS writes.
        """
        text = host.read(self.name)
        if text is None:
            return
        put_in: Callable[[str, str], str] = obs_files.ADD[self.change]
        changed = put_in(text, self.value)
        if changed == text:
            return
        told = {"kind": "obs", "name": self.name, "change": self.change, "value": self.value}
        for old in [old for old in journal.entries if old["kind"] == "obs" and old["name"] == self.name]:
            journal.drop(old)
        journal.add({**told, "sum": _sum(changed)})
        backup = self.name + obs_files.BACKUP
        if not host.exists(backup):
            host.write(backup, text, mode=0o600)
        host.write(self.name, changed, mode=host.path(self.name).stat().st_mode & 0o777)


def take_back(entry: dict[str, Any], host: Host, say: Callable[[str], None]) -> None:
    """Undo one entry of the journal; what the person has changed since stays, and that is said.

    Raises:
        InstallError: it cannot be undone now.
    """
    kind = entry["kind"]
    if kind == "file":
        _file_back(entry, host, say)
    elif kind == "link":
        if os.path.islink(str(host.path(entry["name"]))):
            host.delete(entry["name"])
        _folders_back(entry, host)
    elif kind == "key":
        host.delete(entry["name"])
        _folders_back(entry, host)
    elif kind == "run":
        try:
            host.run(entry["undo"], root=entry["root"])
        except InstallError as error:
            say(f"note: {error}")
    elif kind == "packages":
        apt.take_away(entry, host, say)
    elif kind == "obs":
        _obs_back(entry, host)


def words_of_undo(entry: dict[str, Any], host: Host) -> str:
    """What `take_back` does with an entry, in words."""
    kind = entry["kind"]
    if kind == "file":
        what = "delete" if entry["before"] is None else "put back"
        return f"{what} {entry['name']}{_as(entry['root'])}"
    if kind in ("link", "key"):
        return f"delete {entry['name']}"
    if kind == "run":
        return f"run{_as(entry['root'])}: {' '.join(entry['undo'])}"
    if kind == "packages":
        return apt.words_of_removal(entry)
    return f"take the {entry['change']} out of {entry['name']}"


def _file_back(entry: dict[str, Any], host: Host, say: Callable[[str], None]) -> None:
    name, now = entry["name"], host.read(entry["name"])
    if now is not None and _sum(now) != entry["sum"] and now != entry["before"]:
        say(f"note: {name} was changed since; it stays")
        return
    if entry["before"] is None:
        host.delete(name, root=entry["root"])
    else:
        host.write(name, entry["before"], root=entry["root"])
    _folders_back(entry, host)


def _folders_back(entry: dict[str, Any], host: Host) -> None:
    for folder in entry["folders"]:
        host.delete_empty(folder, root=bool(entry.get("root")))


def _obs_back(entry: dict[str, Any], host: Host) -> None:
    text, backup = host.read(entry["name"]), host.read(entry["name"] + obs_files.BACKUP)
    if text is not None and backup is not None and _sum(text) == entry["sum"]:
        # OBS has not written it since: as it was, letter by letter
        host.write(entry["name"], backup, mode=host.path(entry["name"]).stat().st_mode & 0o777)
    elif text is not None:
        changed = obs_files.REMOVE[entry["change"]](text, entry["value"])
        if changed != text:
            host.write(entry["name"], changed, mode=host.path(entry["name"]).stat().st_mode & 0o777)
    host.delete(entry["name"] + obs_files.BACKUP)


def _as(root: bool) -> str:
    return " as root" if root else ""


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
