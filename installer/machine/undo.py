"""Taking back what the journal knows, one entry after the other."""

from __future__ import annotations

from typing import Any, Callable

from ..errors import InstallError
from . import apt, obs_change
from .actions import as_root, is_edited, is_our_link
from .host import Host


def take_back(entry: dict[str, Any], host: Host, say: Callable[[str], None]) -> None:
    """Undo one entry of the journal; what the person has changed since stays, and that is said.

    Raises:
        InstallError: it cannot be undone now.
    """
    kind = entry["kind"]
    if kind == "file":
        _file_back(entry, host, say)
    elif kind == "link":
        _link_back(entry, host, say)
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
        obs_change.take_out(entry, host, say)


def words_of_undo(entry: dict[str, Any]) -> str:
    """What `take_back` does with an entry, in words."""
    kind = entry["kind"]
    if kind == "file":
        what = "delete" if entry["before"] is None else "put back"
        return f"{what} {entry['name']}{as_root(entry['root'])}"
    if kind in ("link", "key"):
        return f"delete {entry['name']}"
    if kind == "run":
        return f"run{as_root(entry['root'])}: {' '.join(entry['undo'])}"
    if kind == "packages":
        return apt.words_of_removal(entry)
    return f"take the {entry['change']} out of {entry['name']}"


def _file_back(entry: dict[str, Any], host: Host, say: Callable[[str], None]) -> None:
    name, root = entry["name"], entry["root"]
    host.delete_part(name, root=root)
    if is_edited(entry, host):
        say(f"note: {name} was changed since; it stays")
        return
    if entry["before"] is None:
        host.delete(name, root=root)
    else:
        host.write(name, entry["before"], root=root)
    _folders_back(entry, host)


def _link_back(entry: dict[str, Any], host: Host, say: Callable[[str], None]) -> None:
    if is_our_link(entry, host):
        host.delete(entry["name"])
    elif host.exists(entry["name"]):
        say(f"note: {entry['name']} was changed since; it stays")
    _folders_back(entry, host)


def _folders_back(entry: dict[str, Any], host: Host) -> None:
    for folder in entry["folders"]:
        host.delete_empty(folder, root=bool(entry.get("root")))
