"""The journal: what was done to the machine, in order, so that `remove` can take it back."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from ..errors import InstallError
from .host import Host
from .obs_files import REMOVE

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
        text = host.read(self.path)
        if text is None:
            return
        try:
            told = json.loads(text)
            if told["format"] != FORMAT:
                raise ValueError
            self.entries, self._made = list(told["entries"]), list(told["folders"])
            if not all(map(_is_entry, self.entries)) or not _are_texts(self._made):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            raise InstallError(
                f"{self.path} is not what this installer wrote. Move it away; then nothing of an earlier installation "
                "is known any more, and taken back by `remove`."
            ) from None

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


def _is_entry(entry: Any) -> bool:
    """Whether it can be taken back by what it says; a hand or a disk may have changed the file."""
    needed = _NEEDED.get(entry["kind"])
    if needed is None or (entry["kind"] == "obs" and entry["change"] not in REMOVE):
        return False
    return all(
        isinstance(entry[name], kind) and (kind is not list or _are_texts(entry[name])) for name, kind in needed.items()
    )


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _state_folder(host: Host) -> str:
    """Beside the program's log: platformdirs' state folder, which the installer may not import."""
    if host.system == "win32":
        base = host.environment.get("LOCALAPPDATA") or os.path.join(host.home, "AppData", "Local")
    elif host.system == "darwin":
        base = os.path.join(host.home, "Library", "Application Support")
    else:
        base = host.environment.get("XDG_STATE_HOME") or os.path.join(host.home, ".local", "state")
    return os.path.join(base, "streamv2v-cam")
