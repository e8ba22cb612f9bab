"""Pairing: a code typed once, by which both sides prove to each other that nobody stands between them.

The host cannot know the certificate of a server it has never met. Both sides mix the code with the fingerprint of the
certificate that they see: somebody in between shows another certificate, and cannot mix without the code. The code has
60 random bits, holds for ten minutes and for one host, and ends after five wrong proofs; what it buys is a token of 32
random bytes, of which the server keeps the SHA-256 alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import SettingsError
from ...system.textfile import write_text
from .address import ServerAddress, server_address
from .certificate import fingerprint_of

CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Thirty-two that nobody takes for one another."""
CODE_LENGTH, GROUP = 12, 4
CODE_LIFE_S = 600.0
MOST_WRONG = 5
TOKEN_BYTES = 32
_SCRYPT: dict[str, int] = {"n": 1 << 14, "r": 8, "p": 1, "dklen": 32, "maxmem": 64 << 20}


def make_code() -> str:
    """A new code, as it is shown: `K7QX-93MN-PL4R`."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return "-".join(letters[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP))


def code_letters(typed: str) -> str:
    """The letters of a code as somebody typed it.

    Raises:
        SettingsError: it is none.
    """
    letters = re.sub(r"[\s-]", "", typed).upper()
    if len(letters) != CODE_LENGTH or set(letters) - set(CODE_LETTERS):
        raise SettingsError(
            f"The code {typed!r} was refused; wanted are {CODE_LENGTH} letters and digits as "
            "`streamv2v-cam serve` shows them, like K7QX-93MN-PL4R."
        )
    return letters


def proof(letters: str, salt: str, side: str, fingerprint: str) -> str:
    """What only somebody with the code can say about that certificate.

    Args:
        letters: of the code, without dashes.
        salt: random text of both sides.
        side: "host" or "server", so that neither can send the other's proof back.
        fingerprint: SHA-256 of the certificate that this side sees, in hexadecimal.
    """
    key = hashlib.scrypt(letters.encode(), salt=salt.encode(), **_SCRYPT)
    return hmac.new(key, f"{side} {fingerprint}".encode(), hashlib.sha256).hexdigest()


class OpenCode:
    """The code that is open just now, if one is; from several threads.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._letters, self._until_s, self._wrong = "", 0.0, 0

    def open(self) -> str:
        """A new code in place of the old one; as it is shown."""
        code = make_code()
        with self._lock:
            self._letters, self._until_s, self._wrong = code_letters(code), self._clock() + CODE_LIFE_S, 0
        return code

    @property
    def is_open(self) -> bool:
        with self._lock:
            return bool(self._letters) and self._clock() < self._until_s

    def answer(self, salt: str, given: str, fingerprint: str) -> str | None:
        """The server's proof for a host that has proven to know the code, which is used up by that; None for others."""
        with self._lock:
            letters = self._letters if self._clock() < self._until_s else ""
        if not letters:
            return None
        right = hmac.compare_digest(given.encode(), proof(letters, salt, "host", fingerprint).encode())
        with self._lock:
            if letters != self._letters:
                return None  # another host was faster
            self._wrong += not right
            if right or self._wrong >= MOST_WRONG:
                self._letters = ""
        return proof(letters, salt, "server", fingerprint) if right else None


class PairedHosts:
    """The hosts that a server lets in, in a file of its folder; a file that changes holds at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hosts.json"
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        return sorted(self._read().values())

    def add(self, name: str) -> str:
        """Let a host in from now on; returns its token.

        Raises:
            SettingsError: the file cannot be written.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with self._lock:
            _write(self.path, {**self._read(), _hash(token): name})
        return token

    def forget(self, name: str) -> int:
        """Let no host of that name in any more; returns how many there were."""
        with self._lock:
            before = self._read()
            kept = {key: one for key, one in before.items() if one != name}
            if len(kept) != len(before):
                _write(self.path, kept)
        return len(before) - len(kept)

    def name_of(self, token: str) -> str | None:
        """The host with that token; None for a token of nobody."""
        given = _hash(token)
        found = None
        for key, name in self._read().items():
            if hmac.compare_digest(key, given):
                found = name
        return found

    def _read(self) -> dict[str, str]:
        return {str(key): str(name) for key, name in _read(self.path).items()}


class KnownServers:
    """The servers that this host is paired with: certificate and token of each, in a file for its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, address: ServerAddress, certificate: str, token: str) -> None:
        _write(self.path, {**_read(self.path), str(address): {"certificate": certificate, "token": token}})

    def all(self) -> list[tuple[ServerAddress, str, str]]:
        """Address, certificate (PEM) and token of each.

        Raises:
            SettingsError: the file cannot be read.
        """
        return [(place, *self.of(place)) for place in map(server_address, _read(self.path))]

    def fingerprints(self) -> list[str]:
        """Of the certificates of all, SHA-256 in hexadecimal."""
        return [fingerprint_of(certificate) for _, certificate, _ in self.all()]

    def of(self, address: ServerAddress) -> tuple[str, str]:
        """Certificate (PEM) and token.

        Raises:
            SettingsError: they never met.
        """
        found = _read(self.path).get(str(address))
        if not isinstance(found, dict) or not {"certificate", "token"} <= found.keys():
            raise SettingsError(
                f"This machine is not paired with {address}. There, `streamv2v-cam serve --pair` shows a code; "
                f"here: streamv2v-cam pair {address} CODE"
            )
        return str(found["certificate"]), str(found["token"])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({error}). Remove it and pair again.") from error
    return found if isinstance(found, dict) else {}


def _write(path: Path, values: dict[str, Any]) -> None:
    try:
        write_text(path, json.dumps(values, indent=1) + "\n")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}).") from error
