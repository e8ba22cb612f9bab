"""ObsFile: a change inside a file of OBS, which writes that file itself: taken back as a change, not as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from ..errors import InstallError
from . import obs_files
from .host import Host
from .journal import Journal, sum_of

WORDS = {"dock": "the dock", "script": "the hotkey script"}
BY_HAND = {
    "dock": "In OBS, delete StreamV2V under Docks, Custom Browser Docks",
    "script": "In OBS, take streamv2v.lua out under Tools, Scripts",
}


@dataclass(frozen=True)
class ObsFile:
    """A change inside a file of OBS.

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
        backup = self.name + obs_files.BACKUP
        return [f"add {WORDS[self.change]} {shown} to {self.name} (a copy is kept as {backup})"]

    def is_done(self, host: Host) -> bool:
        """Whether it is in there.

        Raises:
            InstallError: the file is not what OBS writes.
        """
        text = host.read(self.name)
        if text is None:
            raise InstallError("It cannot be read as UTF-8, which OBS writes; add what is missing by hand in OBS.")
        return obs_files.ADD[self.change](text, self.value) == text

    def perform(self, host: Host, journal: Journal) -> None:
        """Put it in, after a copy of the file.

        Raises:
            InstallError: the file is not what OBS writes.
        """
        text = host.read(self.name)
        if text is None:
            return
        changed = obs_files.ADD[self.change](text, self.value)
        if changed == text:
            return
        entry = {"kind": "obs", "name": self.name, "change": self.change, "value": self.value, "sum": sum_of(changed)}
        # one that cannot be read may be the only text of before; it is not written over
        known, copy = journal.find("obs", self.name), host.read_known(self.name + obs_files.BACKUP)
        if known is not None and copy is not None and _is_untouched(known, text, copy):
            # nobody but us has written it since: the copy is still the file without us
            entry["copy"] = known["copy"]
        else:
            copy, entry["copy"] = None, sum_of(text)
        journal.add(entry, instead_of=known)
        if copy is None:
            host.write(self.name + obs_files.BACKUP, text, mode=0o600)
        _write(host, self.name, changed)


def take_out(entry: dict[str, Any], host: Host, say: Callable[[str], None]) -> None:
    """Take a change back: letter by letter where OBS has not written the file since, else our own entry alone."""
    name, change = entry["name"], entry["change"]
    text, copy = host.read(name), host.read(name + obs_files.BACKUP)
    host.delete_part(name)
    try:
        if text is None and host.exists(name):
            raise InstallError("It cannot be read as UTF-8.")
        if text is not None:
            changed = obs_files.REMOVE[change](text, entry["value"])
            if copy is not None and _is_untouched(entry, text, copy) and not _holds_ours(copy, entry):
                changed = copy
        else:
            changed = None
    except InstallError:
        kept = f"; a copy from before our last change is {name}{obs_files.BACKUP}" if copy is not None else ""
        say(f"note: {name} is not as OBS writes it, and stays as it is{kept}. {BY_HAND[change]}, if it is still there.")
        return
    if changed is not None and changed != text:
        _write(host, name, changed)
    host.delete(name + obs_files.BACKUP)


def take_out_of_other(name: str, change: str, host: Host, say: Callable[[str], None]) -> None:
    """Take what is ours out of a file that OBS has made of one of ours: a copy, another name, a newer version's."""
    text = host.read(name)
    if text is None:
        return
    try:
        changed = obs_files.REMOVE[change](text, "")
    except InstallError:
        return
    if changed != text:
        say(f"note: {name} has {WORDS[change]} as well; it is taken out")
        _write(host, name, changed)


def _is_untouched(entry: dict[str, Any], text: str, copy: str) -> bool:
    """Whether a file is as we left it, and the copy beside it is the one of that very change."""
    return sum_of(text) == entry["sum"] and sum_of(copy) == entry.get("copy")


def _holds_ours(text: str, entry: dict[str, Any]) -> bool:
    return bool(obs_files.REMOVE[entry["change"]](text, entry["value"]) != text)


def _write(host: Host, name: str, text: str) -> None:
    host.write(name, text, mode=host.path(name).stat().st_mode & 0o777)
