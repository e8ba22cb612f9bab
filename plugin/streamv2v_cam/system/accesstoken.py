"""The access token: 32 random bytes in a file that only its owner can read; the key to the control API."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import re
import secrets
import sys
import tempfile
from pathlib import Path

from ..errors import SettingsError
from .ownership import remedy

log = logging.getLogger(__name__)

TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class AccessToken:
    """The token of one file; a file that changes (`streamv2v-cam token rotate`) is read again by itself.

    Args:
        path: the file; made when it is first needed.
        or_else: where the file can be neither made nor read, have a token that this process alone knows, and say so.
    """

    def __init__(self, path: Path, *, or_else: bool = False) -> None:
        self.path, self._or_else, self._alone = path, or_else, False
        self._text = ""
        self._stamp: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"AccessToken({str(self.path)!r})"

    def current(self) -> str:
        """The token, 43 characters of A-Z a-z 0-9 - _; a missing file is made.

        Raises:
            SettingsError: the file cannot be made or read, or holds something else.
        """
        if self._alone:
            return self._text
        try:
            stamp = self._stamp_now()
            if stamp is None:
                self._make()
                stamp = self._stamp_now()
            if stamp != self._stamp or not self._text:
                self._text, self._stamp = self._read(), stamp
        except UnicodeDecodeError as error:
            raise SettingsError(f"The access token {self.path} cannot be read ({error}).") from error
        except OSError as error:
            reason = f"The access token {self.path} cannot be read or made ({error.strerror})."
            if not self._or_else:
                raise SettingsError(reason + remedy(error, self.path)) from error
            self._text, self._alone = secrets.token_urlsafe(TOKEN_BYTES), True
            log.warning(
                "%s This run has one of its own, which only its page knows.%s", reason, remedy(error, self.path)
            )
        return self._text

    def rotate(self) -> str:
        """A new token in place of the old one, which opens nothing from here on.

        Raises:
            SettingsError: the file cannot be written.
        """
        try:
            self._write(replace=True)
        except OSError as error:
            raise SettingsError(f"The access token {self.path} cannot be written ({error}).") from error
        self._stamp = None
        return self.current()

    def opens(self, given: str) -> bool:
        """Whether `given` is the token; takes equally long for every wrong one. Nothing is, while there is none."""
        try:
            wanted = self.current()
        except SettingsError as error:
            log.warning("%s Nothing and nobody is let in.", error)
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())

    def view_key(self, picture: str) -> str:
        """A key that shows one picture ("air" or "source") and nothing else, for programs that send no header."""
        return hmac.new(self.current().encode(), f"picture {picture}".encode(), hashlib.sha256).hexdigest()[:32]

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _read(self) -> str:
        if sys.platform != "win32" and self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)
            log.warning(
                "Other users could read the access token %r; now only you can. "
                "`streamv2v-cam token rotate` makes a new one.",
                str(self.path),
            )
        text = self.path.read_text(encoding="ascii").strip()
        if not _TOKEN.fullmatch(text):
            raise SettingsError(
                f"The file {self.path} holds no access token. `streamv2v-cam token rotate` writes a new one."
            )
        return text

    def _make(self) -> None:
        with contextlib.suppress(FileExistsError):
            self._write(replace=False)

    def _write(self, *, replace: bool) -> None:
        """The new file appears whole, with its rights: it was never open to others, not even for a moment."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes its file with mode 0600
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name, suffix=".part")
        try:
            with os.fdopen(number, "w", encoding="ascii") as stream:
                stream.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
            if replace:
                os.replace(name, self.path)
            else:
                _put_if_none_is_there(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _put_if_none_is_there(name: str, path: Path) -> None:
    """Two processes may make their token at the same moment: the first one's stays.

    Raises:
        FileExistsError: there is one.
    """
    try:
        os.link(name, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(name, path)
    else:
        os.unlink(name)
