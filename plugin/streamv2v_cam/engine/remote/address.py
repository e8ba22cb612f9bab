"""Where an engine server is: its address as people write it, and as the process here is told it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import SettingsError

DEFAULT_PORT = 8770
ANY = "auto"
"""Stands for whichever paired server is found; a machine of that name is wss://auto."""
_WRITTEN = re.compile(r"(?:(?P<scheme>[a-z]+)://)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]@?#]+)(?::(?P<port>\d+))?/?")


@dataclass(frozen=True)
class ServerAddress:
    """Host and port of an engine server; its text is what people are shown."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, path: str) -> str:
        return f"wss://{self}/{path}"


@dataclass(frozen=True)
class Dial:
    """Where to, and how pictures are written on the line; as text it stands for a model's name.

    Attributes:
        address: of the server; None for whichever paired one is found in the local network.
        pictures: one of `choosing.CHOICES`.
    """

    address: ServerAddress | None
    pictures: str

    def __str__(self) -> str:
        return f"{ANY if self.address is None else f'wss://{self.address}'}?pictures={self.pictures}"


def dial_of(text: str) -> Dial:
    """Read a `Dial` from its text.

    Raises:
        SettingsError: it is none.
    """
    address, _, pictures = text.partition("?pictures=")
    return Dial(wanted_address(address), pictures or "auto")


def wanted_address(text: str) -> ServerAddress | None:
    """Read what people write for the server that they want: an address, or "auto" for whichever is found.

    Raises:
        SettingsError: it is none of these.
    """
    return None if text.strip() == ANY else server_address(text)


def server_address(text: str) -> ServerAddress:
    """Read `gpu-pc`, `gpu-pc:8770`, `wss://gpu-pc:8770` or `[fe80::1]:8770`.

    Raises:
        SettingsError: it is none of these.
    """
    found = _WRITTEN.fullmatch(text.strip())
    port = int(found["port"] or DEFAULT_PORT) if found else 0
    if found is None or found["scheme"] not in (None, "wss") or not 0 < port < 65536:
        raise SettingsError(
            f"The address {text!r} of an engine server was refused; wanted is a name or address with a port, "
            f"like wss://gpu-pc:{DEFAULT_PORT}."
        )
    return ServerAddress(found["host"].strip("[]"), port)
