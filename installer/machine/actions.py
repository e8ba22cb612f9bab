"""Actions: one change of the machine each. It says in words what it does, does it, and what it did can be taken back.

`--dry-run` prints the words of the very actions that `install` performs.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import Any, Sequence

from ..errors import InstallError
from .host import Host
from .journal import Journal, sum_of


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
        return [f"write {self.name}{as_root(self.root)}:", *("    " + line for line in self.text.splitlines())]

    def typed(self) -> list[str]:
        """What does it in a shell; a line each, to be pasted."""
        name, lines = shlex.quote(self.name), " ".join(map(shlex.quote, self.text.splitlines()))
        folder = shlex.quote(os.path.dirname(self.name))
        return [f"mkdir -p {folder} && printf '%s\\n' {lines} >{name} && chmod {self.mode:o} {name}"]

    def is_edited(self, host: Host, journal: Journal) -> bool:
        """Whether we wrote it once, and somebody else has written it since."""
        known = journal.find("file", self.name)
        return known is not None and is_edited(known, host)

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
            "sum": sum_of(self.text),
            "folders": host.missing_folders(self.name),
        }
        known = journal.find("file", self.name)
        if known is not None:
            # a newer text over an older one of ours: what stood there before either still counts
            entry = {**entry, "before": known["before"], "folders": known["folders"]}
            if before is not None:
                # a stop before the write leaves the older text, which is ours too
                entry["former"] = sum_of(before)
        elif before is None and host.exists(self.name):
            raise InstallError(f"{self.name} is there and cannot be read; move it away, then repeat.")
        journal.add(entry, instead_of=known)
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

    def is_done(self, host: Host) -> bool:
        """Whether it is there and leads where it should."""
        now = host.goal(self.name)
        return now is not None and leads(self.name, now) == leads(self.name, self.goal)

    def is_free(self, host: Host, journal: Journal) -> bool:
        """Whether nothing is there, or a link that we made, to an older goal."""
        known = journal.find("link", self.name)
        return not host.exists(self.name) or (known is not None and is_our_link(known, host))

    def perform(self, host: Host, journal: Journal) -> None:
        """Make it, unless something of that name is there that is not ours."""
        if self.is_done(host) or not self.is_free(host, journal):
            return
        entry = {"kind": "link", "name": self.name, "goal": self.goal, "folders": host.missing_folders(self.name)}
        known, now = journal.find("link", self.name), host.goal(self.name)
        if known is not None:
            entry = {**entry, "folders": known["folders"], "former": now or known["goal"]}
        journal.add(entry, instead_of=known)
        if now is not None:
            host.delete(self.name)
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
        return [f"run{as_root(self.root)}: {' '.join(self.command)}"]

    def typed(self) -> list[str]:
        """What does it in a shell."""
        return [" ".join(map(shlex.quote, self.command))]

    def perform(self, host: Host, journal: Journal) -> None:
        """Run it.

        Raises:
            InstallError: it failed; then it has nothing to be taken back.
        """
        entry = {"kind": "run", "undo": list(self.undo), "root": self.root}
        is_new = bool(self.undo) and not journal.knows(kind="run", undo=list(self.undo))
        if is_new:
            journal.add(entry)
        try:
            host.run(self.command, root=self.root)
        except InstallError:
            if is_new:
                journal.drop(entry)
            raise


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
        return [f"on removal run{as_root(self.root)}: {' '.join(self.command)}"]

    def typed(self) -> list[str]:
        """Nothing: it is for the removal alone."""
        return []

    def perform(self, host: Host, journal: Journal) -> None:
        """Write it down."""
        if not journal.knows(kind="run", undo=list(self.command)):
            journal.add({"kind": "run", "undo": list(self.command), "root": self.root})


def is_edited(entry: dict[str, Any], host: Host) -> bool:
    """Whether a file holds neither a text of ours nor what stood there before."""
    now = host.read(entry["name"])
    if now is None:
        return host.exists(entry["name"])
    return now != entry["before"] and sum_of(now) not in (entry["sum"], entry.get("former"))


def is_our_link(entry: dict[str, Any], host: Host) -> bool:
    """Whether a link still leads where we let it lead."""
    name, now = entry["name"], host.goal(entry["name"])
    ours = [leads(name, goal) for goal in (entry["goal"], entry.get("former")) if goal]
    return now is not None and leads(name, now) in ours


def leads(name: str, goal: str) -> str:
    """The path that a link of that name leads to."""
    return os.path.normpath(os.path.join(os.path.dirname(name), goal))


def as_root(root: bool) -> str:
    """A word for what is done as root."""
    return " as root" if root else ""
