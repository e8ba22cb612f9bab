"""Engines on other machines for the dock: those paired with this one, and those that announce themselves."""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..control import ServerSeen
from ..engine.remote.address import ANY, ServerAddress
from ..engine.remote.certificate import fingerprint_of
from ..engine.remote.discovery import FoundServer, servers_around
from ..engine.remote.known import known_servers
from ..engine.remote.pairing import KnownServers

FRESH_S = 5.0
"""What was found holds so long; several docks may ask at once."""
SHOWN = 20
"""Anybody in the network may announce any number."""
IN_USE = "It draws for this program now."
THERE = "Paired with this machine, and there. The next start takes it:"
AWAY = "Paired with this machine; it does not announce itself now."
NEW = "Not paired yet. There, streamv2v-cam serve --pair shows a code; here:"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
"""A name that stands in a command; another one, which a stranger may have chosen for that, does not."""


class EngineServers:
    """Looks for servers when it is asked.

    Args:
        facts: of the running engine.
        search: asks the network, for some seconds.
        known: gives what this machine is paired with.
    """

    def __init__(
        self,
        facts: Callable[[], Mapping[str, Any]],
        *,
        search: Callable[[], Sequence[FoundServer]] = servers_around,
        known: Callable[[], KnownServers] = known_servers,
    ) -> None:
        self._facts, self._search, self._known = facts, search, known
        self._lock = threading.Lock()
        self._found: Sequence[FoundServer] = ()
        self._until_s = 0.0

    def around(self) -> list[ServerSeen]:
        """Those in use and paired first, then strangers by name.

        Raises:
            SettingsError: what is known of them cannot be read.
        """
        known = [(address, fingerprint_of(certificate)) for address, certificate, _ in self._known().all()]
        found = self._searched()
        mine = [self._paired(address, fingerprint, found) for address, fingerprint in known]
        strangers = {one.name for one in found if not any(one.shows(fingerprint) for _, fingerprint in known)}
        order = ("in use", "paired", "away")
        mine.sort(key=lambda one: (order.index(one.state), one.name))
        return [*mine, *map(_new, sorted(strangers)[:SHOWN])]

    def _searched(self) -> Sequence[FoundServer]:
        with self._lock:
            if time.monotonic() > self._until_s:
                self._found = self._search()
                self._until_s = time.monotonic() + FRESH_S
            return self._found

    def _paired(self, address: ServerAddress, fingerprint: str, found: Sequence[FoundServer]) -> ServerSeen:
        here = next((one for one in found if one.shows(fingerprint)), None)
        places = {str(place) for place in here.addresses} if here else set()
        if self._facts().get("server") in {str(address), *places}:
            return ServerSeen(address.host, "in use", IN_USE)
        moved = here is not None and _is_number(address.host) and str(address) not in places
        command = f"streamv2v-cam run --engine {ANY if moved else address}"
        if here is None:
            return ServerSeen(address.host, "away", AWAY, command)
        return ServerSeen(address.host, "paired", THERE, command)


def _new(name: str) -> ServerSeen:
    command = f"streamv2v-cam pair {name} CODE" if _PLAIN.fullmatch(name) else "streamv2v-cam pair"
    return ServerSeen(name, "new", NEW, command)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
