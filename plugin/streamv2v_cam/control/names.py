"""The names of this server: which Host headers mean it, and which pages may speak to it."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence

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
        origins: further addresses at which the page is opened, "https://cam.example.org": a proxy in front of it.
    """

    def __init__(
        self,
        port: int,
        *,
        lan: bool = False,
        origins: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port, self._lan, self._clock = port, lan, clock
        self._origins = frozenset(origin.lower() for origin in origins)
        self._behind = frozenset(origin.partition("://")[2] for origin in self._origins)
        self._names = own_names(port)
        self._looked_s = -REFRESH_S

    def mean(self, host: str, *, near: bool) -> bool:
        """Whether a Host header means this server.

        Args:
            near: the request comes from this machine. Then any port counts behind a name of it: `ssh -L` and its
                kind listen on one port and come in here from the machine itself. No page of another name can send
                such a Host, however its name is resolved.
        """
        return host in self or host in self._behind or (near and is_loopback_name(host))

    def allow(self, origin: str, host: str) -> bool:
        """Whether a page of that origin may speak to the server it calls `host`: only the page of this program.

        Behind a forwarded port the page's own origin is what it calls the server, and another port of the same
        machine is another program.
        """
        scheme, separator, name = origin.partition("://")
        if origin in self._origins:
            return True
        if scheme + separator != "http://":
            return False
        return name in self if host in self else name == host and is_loopback_name(host)

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


def is_loopback_name(host: str) -> bool:
    """Whether a Host header names the machine itself, with any port or none."""
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    return name in LOOPBACK_NAMES and (host == name or (port.isascii() and port.isdecimal() and len(port) <= 5))


def _with_port(names: tuple[str, ...], port: int) -> frozenset[str]:
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())
