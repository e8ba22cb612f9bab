"""The names of this server: which Host headers mean it."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable

REFRESH_S = 5.0
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def own_names(port: int) -> frozenset[str]:
    """The Host headers by which programs on this machine reach the server."""
    return _with_port(LOOPBACK_NAMES, port)


class Names:
    """The Host headers that mean this server.

    Args:
        port: the server's.
        lan: the machine's addresses in its networks count too. They come and go, so an unknown name makes
            them be looked up again, at most every few seconds.
    """

    def __init__(self, port: int, *, lan: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._port, self._lan, self._clock = port, lan, clock
        self._names = own_names(port)
        self._looked_s = -REFRESH_S

    def __contains__(self, host: object) -> bool:
        if host not in self._names and self._lan and self._clock() - self._looked_s >= REFRESH_S:
            self._looked_s = self._clock()
            self._names = own_names(self._port) | _with_port((*lan_addresses(), *machine_names()), self._port)
        return host in self._names


def lan_addresses() -> list[str]:
    """The IPv4 addresses of this machine that others on its networks can reach."""
    import psutil

    found = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET and not ipaddress.ip_address(entry.address).is_loopback
    ]
    return sorted(set(found))


def machine_names() -> list[str]:
    """The machine's own name, also as local networks announce it."""
    name = socket.gethostname().lower().rstrip(".")
    return [name, f"{name.partition('.')[0]}.local"] if name and name != "localhost" else []


def is_this_machine(address: str) -> bool:
    """Whether a peer's address is the machine itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _with_port(names: tuple[str, ...], port: int) -> frozenset[str]:
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())
