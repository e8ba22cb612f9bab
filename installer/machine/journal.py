"""The journal: what was done to the machine, in order, so that `remove` can take it back."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from ..errors import InstallError
from .host import Host
from .obs_files import REMOVE
from .person import is_whole

FORMAT = 1
_NEEDED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "file": {"name": str, "root": bool, "before": (str, type(None)), "sum": str, "folders": list},
    "link": {"name": str, "goal": str, "folders": list},
    "key": {"name": str, "folders": list},
    "run": {"undo": list, "root": bool},
    "packages": {"asked": list, "came": list},
    "obs": {"name": str, "change": str, "value": str, "sum": str},
}
"""What an entry of each kind is taken back by."""
_WORDS = ("undo", "asked", "came")
"""Lists of words for a command line."""


class Journal:
    """Entries of one installation, written before and after each change.

    An entry is a plain dictionary with the name of its step, its kind, and what is needed to take it back. It is there
    from just before the change, so that a stop in the middle leaves nothing that nobody knows of.

    Args:
        host: the machine.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.path = os.path.join(_state_folder(host), "installation.json")
        self.entries: list[dict[str, Any]] = []
        self._made: list[str] = []
        lost = "then nothing of an earlier installation is known any more, and taken back by `remove`."
        try:
            text = host.read_known(self.path)
        except InstallError as error:
            raise InstallError(
                f"What an earlier installation did is wanted, and {error} Nothing was done. Make it readable for you, "
                f"or move it away; {lost}"
            ) from None
        if text is None:
            return
        try:
            told = json.loads(text)
            if told["format"] != FORMAT:
                raise ValueError
            self.entries, self._made = list(told["entries"]), list(told["folders"])
            if not all(_is_entry(entry, host.system) for entry in self.entries):
                raise ValueError
            if not all(_is_place(folder, host.system) for folder in self._made):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InstallError(f"{self.path} is not what this installer wrote. Move it away; {lost}") from None

    def add(self, entry: dict[str, Any], *, instead_of: dict[str, Any] | None = None) -> None:
        """Something is about to be done.

        Args:
            instead_of: what the journal knows of an earlier time; its place is kept, since folders go in that order.
        """
        if instead_of is None:
            self.entries.append(entry)
        else:
            self.entries[self.entries.index(instead_of)] = entry
        self._save()

    def drop(self, entry: dict[str, Any]) -> None:
        """It was taken back, or not done after all."""
        self.entries.remove(entry)
        self._save()

    def knows(self, **wanted: Any) -> bool:
        """Whether an entry has all of these values."""
        return any(all(entry.get(name) == value for name, value in wanted.items()) for entry in self.entries)

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        """The entry of a kind for a path."""
        return next((entry for entry in self.entries if (entry["kind"], entry.get("name")) == (kind, name)), None)

    def _save(self) -> None:
        """Without entries there is no file, and no folder that was made for it."""
        if not self.entries:
            self._host.delete(self.path)
            for folder in self._made:
                self._host.delete_empty(folder)
            self._made = []
            return
        if not self._made:
            self._made = self._host.missing_folders(self.path)
        told = {"format": FORMAT, "folders": self._made, "entries": self.entries}
        self._host.write(self.path, json.dumps(told, indent=1) + "\n", mode=0o600)


def sum_of(text: str) -> str:
    """What a text is known by in the journal."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _is_entry(entry: Any, system: str) -> bool:
    """Whether it can be taken back by what it says; a hand or a disk may have changed the file."""
    needed = _NEEDED.get(entry["kind"])
    if needed is None or (entry["kind"] == "obs" and entry["change"] not in REMOVE):
        return False
    if not all(isinstance(entry[name], kind) for name, kind in needed.items()):
        return False
    if not all(_is_flat(value) for value in entry.values()):
        return False
    places = [entry["name"]] if "name" in needed else []
    places += entry["folders"] if "folders" in needed else []
    words = [word for name in _WORDS if name in needed for word in entry[name]]
    return (
        all(_is_place(place, system) for place in places)
        and all(map(_is_word, words))
        and entry.get("undo") != []
        and isinstance(entry.get("former", ""), str)
        and _is_writable(entry.get("before") or "")
    )


def _is_flat(value: Any) -> bool:
    """Whether it is a text, a truth, a number, nothing, or a list of texts: no entry holds more."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, (str, bool, int))


def _is_place(name: Any, system: str) -> bool:
    return isinstance(name, str) and is_whole(name, system) and _is_word(name)


def _is_word(word: str) -> bool:
    """Whether it can be given to the system, as a path or in a command: a file's name may hold what is no letter."""
    try:
        return bool(word) and b"\0" not in os.fsencode(word)
    except UnicodeError:
        return False


def _is_writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeError:
        return False
    return True


def _state_folder(host: Host) -> str:
    """Beside the program's log: platformdirs' state folder, which the installer may not import."""
    if host.system == "win32":
        base = host.place("LOCALAPPDATA", "AppData", "Local")
    elif host.system == "darwin":
        base = os.path.join(host.home, "Library", "Application Support")
    else:
        base = host.place("XDG_STATE_HOME", ".local", "state")
    return os.path.join(base, "streamv2v-cam")
