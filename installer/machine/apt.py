"""Packages of Debian and Ubuntu: which ones really came, and taking away those that nobody else needs by now."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any, Callable, Sequence

from ..errors import InstallError
from .host import Host
from .journal import Journal

_NEW = re.compile(r"^Inst (\S+)", re.MULTILINE)
_GOING = re.compile(r"^(?:Remv|Purg) (\S+)", re.MULTILINE)
HARD_NEEDS = ("-o", "APT::AutoRemove::RecommendsImportant=false", "-o", "APT::AutoRemove::SuggestsImportant=false")


@dataclass(frozen=True)
class Packages:
    """Packages with what they need.

    Attributes:
        names: of the packages.
        release: to take them from, such as "bookworm-backports"; "" for the usual one.
    """

    names: Sequence[str]
    release: str = ""
    root = True

    def words(self) -> list[str]:
        """What it does."""
        return [f"run as root: {' '.join(self._command())}"]

    def typed(self) -> list[str]:
        """What does it in a shell."""
        return [" ".join(map(shlex.quote, self._command()))]

    def perform(self, host: Host, journal: Journal) -> None:
        """Install them; which ones that will be new is written down before.

        Raises:
            InstallError: apt failed.
        """
        before = installed_packages(host)
        planned = host.ask(*self._command("-s")) or ""
        came = sorted({name.partition(":")[0] for name in _NEW.findall(planned)} - before)
        asked = [name for name in self.names if name not in before]
        journal.add({"kind": "packages", "asked": asked, "came": came, "root": True})
        host.run(self._command(), root=True)

    def _command(self, *more: str) -> list[str]:
        chosen = ["-t", self.release] if self.release else []
        return ["apt-get", "install", "-q", "-y", *more, "--no-install-recommends", *chosen, *self.names]


def installed_packages(host: Host) -> set[str]:
    """Names of all packages of the system; none where it has no such packages.

    Raises:
        InstallError: it has them, and does not tell them; what is there must not count as brought by us.
    """
    told = host.ask("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${binary:Package}\\n")
    if told is None and host.has("dpkg-query"):
        raise InstallError(
            "The list of installed packages is wanted, and dpkg-query does not tell it. See what it says when you call "
            "dpkg-query -W, then repeat the command."
        )
    rows = [line.split() for line in (told or "").splitlines()]
    return {row[1].partition(":")[0] for row in rows if len(row) > 1 and row[0] == "ii"}


def words_of_removal(entry: dict[str, Any]) -> str:
    """What `take_away` does, in words."""
    return f"run as root: apt-get purge {' '.join(entry['asked'])}, and what came with them and nobody needs any more"


def take_away(entry: dict[str, Any], host: Host, say: Callable[[str], None]) -> None:
    """Purge what came, as far as nothing that was installed since needs it.

    Raises:
        InstallError: apt failed.
    """
    there = installed_packages(host)
    asked = [name for name in entry["asked"] if name in there]
    came = {name for name in entry["came"] if name in there} | set(asked)
    if not came:
        return
    if asked:
        others = _going(host, "purge", *asked) - came
        if others:
            say(f"note: {', '.join(sorted(others))} need {', '.join(asked)} by now; those packages stay")
            return
        host.run(["apt-get", "purge", "-q", "-y", *asked], root=True)
        came -= set(asked)
    # packages that came as a need of ours count as such, whatever happened to their mark
    host.run(["apt-mark", "auto", *sorted(came)], root=True) if came else None
    unneeded = sorted(_going(host, "autoremove") & came)
    if unneeded:
        host.run(["apt-get", "purge", "-q", "-y", *unneeded], root=True)


def _going(host: Host, verb: str, *names: str) -> set[str]:
    told = host.ask("apt-get", verb, "-s", "-q", *HARD_NEEDS, *names)
    if told is None:
        raise InstallError(
            f"Which packages would go is wanted, and apt-get {verb} -s does not tell it. Mend that (often: apt-get -f "
            "install, as root), then repeat the command."
        )
    return {name.partition(":")[0] for name in _GOING.findall(told)}
