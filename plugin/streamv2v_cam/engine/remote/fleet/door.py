"""The door of a fleet: who is let in is known at one place, and asked there by every replica."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..pairing import OpenCode, PairedHosts

ASK_S = 20.0


class Door:
    """The open code and the paired hosts; runs as a deployment of its own, once.

    Args:
        folder: where the paired hosts are kept, on a disk that outlives it.
    """

    def __init__(self, folder: str) -> None:
        self._code, self._hosts = OpenCode(), PairedHosts(Path(folder))

    def open(self) -> str:
        """A new code, as it is shown."""
        return self._code.open()

    def is_open(self) -> bool:
        return self._code.is_open

    def answer(self, salt: str, given: str, fingerprint: str) -> str | None:
        return self._code.answer(salt, given, fingerprint)

    def add(self, name: str) -> str:
        return self._hosts.add(name)

    def names(self) -> list[str]:
        return self._hosts.names()

    def name_of(self, token: str) -> str | None:
        return self._hosts.name_of(token)


class DoorAfar:
    """The door from elsewhere in the cluster; for threads, not for an event loop.

    Args:
        handle: of its deployment.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def open(self) -> str:
        return self._ask("open")

    def answer(self, salt: str, given: str, fingerprint: str) -> str | None:
        return self._ask("answer", salt, given, fingerprint)

    def add(self, name: str) -> str:
        return self._ask("add", name)

    def names(self) -> list[str]:
        return self._ask("names")

    def name_of(self, token: str) -> str | None:
        return self._ask("name_of", token)

    def _ask(self, what: str, *given: Any) -> Any:
        return getattr(self._handle, what).remote(*given).result(timeout_s=ASK_S)
