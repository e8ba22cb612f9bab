"""The OBS password: from a file only its owner reads, the keyring, or a prompt; never from a command line."""

from __future__ import annotations

import logging
import os
import stat
import sys
from pathlib import Path

from ..settings import LoadedSettings
from ..system.paths import home_path
from ..system.textfile import write_text
from .errors import ObsError

log = logging.getLogger(__name__)

SERVICE = "streamv2v-cam"
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def stored_password(settings: LoadedSettings) -> str:
    """The password kept in `obs.password_file`, else in the keyring, else in the file beside the settings.

    Returns:
        "" where none is kept.

    Raises:
        ObsError: a file that others may read, or that was named and is not there.
    """
    named = settings.obs.password_file
    if named:
        path = home_path(named)
        if not path.exists():
            raise ObsError(f"obs.password_file: there is no file {path}.")
        return read_password_file(path)
    kept = _from_keyring(_account(settings))
    if kept:
        return kept
    path = fallback_file(settings)
    return read_password_file(path) if path.exists() else ""


def keep_password(settings: LoadedSettings, password: str) -> str:
    """Keep it for later runs; returns where, in words.

    Raises:
        ObsError: nowhere.
    """
    named = settings.obs.password_file
    if not named and _into_keyring(_account(settings), password):
        return "the keyring"
    path = home_path(named) if named else fallback_file(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        if sys.platform != "win32":
            path.chmod(0o600)
        write_text(path, password + "\n")
    except OSError as error:
        raise ObsError(f"The password cannot be kept in {path} ({error}).") from None
    return str(path)


def fallback_file(settings: LoadedSettings) -> Path:
    """Where the password is kept on machines without a keyring."""
    return settings.path.parent / "obs-password"


def read_password_file(path: Path) -> str:
    """The first line of a file that only its owner may read.

    Raises:
        ObsError: others may read it, or nobody can.
    """
    try:
        if sys.platform != "win32" and os.stat(path).st_mode & OPEN_TO_OTHERS:
            raise ObsError(f"The password file {path} can be read by others. Close it: chmod 600 {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ObsError(f"The password file {path} cannot be read ({error}).") from None
    return lines[0].strip() if lines else ""


def _account(settings: LoadedSettings) -> str:
    return f"obs {settings.obs.host}:{settings.values.obs.port}"


def _from_keyring(account: str) -> str | None:
    try:
        import keyring

        return keyring.get_password(SERVICE, account)
    except Exception as error:
        # no backend (a machine without a desktop), a locked one, or a dialog that was refused
        log.debug("The keyring gives nothing (%s).", type(error).__name__)
        return None


def _into_keyring(account: str, password: str) -> bool:
    try:
        import keyring

        keyring.set_password(SERVICE, account, password)
        return keyring.get_password(SERVICE, account) == password
    except Exception as error:
        log.debug("The keyring takes nothing (%s).", type(error).__name__)
        return False
