"""What the program itself keeps of a person: settings, looks, key, log, what was tried on this machine."""

from __future__ import annotations

import os
import shutil

from ..errors import InstallError
from .host import Host
from .journal import Journal

NAME = "streamv2v-cam"


def folders(host: Host) -> list[str]:
    """Where it is, or would be; what platformdirs says, which the installer may not import."""
    if host.system == "win32":
        return [os.path.join(host.place("LOCALAPPDATA", "AppData", "Local"), NAME)]
    if host.system == "darwin":
        return [os.path.join(host.home, "Library", kind, NAME) for kind in ("Application Support", "Logs", "Caches")]
    usual = (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_STATE_HOME", ".local", "state"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_DATA_HOME", ".local", "share"),
    )
    return [os.path.join(host.place(*names), NAME) for names in usual]


def present(host: Host) -> list[str]:
    """Those that are there."""
    return [folder for folder in folders(host) if host.exists(folder)]


def delete(host: Host) -> list[str]:
    """Delete all of it, and folders of the person's that are empty then.

    The journal stays while something is in it, since it is what the next `remove` goes by.

    Returns:
        what stays, in words.

    Raises:
        InstallError: something cannot be deleted.
    """
    notes, journal = [], Journal(host)
    for folder in present(host):
        goal, is_kept = host.goal(folder), bool(journal.entries) and os.path.dirname(journal.path) == folder
        try:
            if is_kept:
                _empty(host, folder, but=os.path.basename(journal.path))
                notes.append(f"{journal.path} stays until everything is taken back; repeat the command then.")
            elif goal is not None:
                host.delete(folder)
                notes.append(f"{folder} was a link and is deleted; what it led to stays: {goal}")
            else:
                shutil.rmtree(str(host.path(folder)))
        except OSError as error:
            raise InstallError(f"{folder} could not be deleted: {error}") from None
        above = os.path.dirname(folder)
        while above not in (host.home, os.path.dirname(above)):
            host.delete_empty(above)
            above = os.path.dirname(above)
    return notes


def _empty(host: Host, folder: str, *, but: str) -> None:
    for name in host.names(folder):
        path = host.path(os.path.join(folder, name))
        if name != but and path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        elif name != but:
            path.unlink()


def note_key(host: Host, path: str, *, made: bool, missing: list[str]) -> None:
    """The key of the page that came into being with the installation goes with it.

    Args:
        path: of its file.
        made: whether it was not there before.
        missing: the folders that were not there before.
    """
    journal = Journal(host)
    if made and host.exists(path) and not journal.knows(kind="key", name=path):
        journal.add({"kind": "key", "name": path, "folders": missing})
