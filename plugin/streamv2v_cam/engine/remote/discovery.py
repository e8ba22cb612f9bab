"""Finding engine servers in the local network, by mDNS and DNS-SD: who announces itself, and who is there.

An announcement says what anybody who connects is told anyway: name, addresses, port, version, and which certificate
will be shown. It lets nobody in, and whoever answers must still hold that very certificate.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ... import __version__
from .address import ServerAddress

SERVICE = "_streamv2v-cam._tcp.local."
LOOK_S = 2.5
"""Answers come within a second of a question, where they come at all; the second question comes after one."""
ID_LETTERS = 32

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundServer:
    """A server that has announced itself.

    Attributes:
        name: of its machine, as it says.
        addresses: where it says it is, numbers first to be tried first.
        fingerprint: beginning of the certificate's that it says it shows.
        version: of its program.
    """

    name: str
    addresses: tuple[ServerAddress, ...]
    fingerprint: str
    version: str

    def shows(self, fingerprint: str) -> bool:
        """Whether it says that it has that certificate; the line itself proves it."""
        return len(self.fingerprint) == ID_LETTERS and fingerprint.startswith(self.fingerprint)


class Announcement:
    """Tells the local network of a server until it is ended.

    Args:
        port: where it listens.
        fingerprint: of its certificate.
        addresses: numbers under which it is reached; None for those of this machine.
        interfaces: numbers of the interfaces to speak on; None for all.
    """

    def __init__(
        self,
        port: int,
        fingerprint: str,
        *,
        addresses: Iterable[str] | None = None,
        interfaces: list[str] | None = None,
    ) -> None:
        from zeroconf import ServiceInfo

        name = socket.gethostname().partition(".")[0][:40] or "engine"
        reached = list(addresses) if addresses is not None else own_addresses()
        self._info = ServiceInfo(
            SERVICE,
            f"{name}.{SERVICE}",
            port=port,
            parsed_addresses=reached,
            properties={"id": fingerprint[:ID_LETTERS], "v": __version__},
            server=f"{name}.local.",
        )
        self._speaker = _speaker(interfaces)
        try:
            self._speaker.register_service(self._info, allow_name_change=True)
        except Exception:
            self._speaker.close()
            raise

    def end(self) -> None:
        """Take it back, so that nobody is shown what is gone; safe to call twice."""
        self._speaker.close()


def announced(port: int, fingerprint: str, host: str) -> Announcement | None:
    """Announce a server that other machines can reach; None where none can, or the network does not take it.

    Args:
        host: address that it listens on.
    """
    address = _numbers(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return None
    named = None if address is None or address.is_unspecified else [str(address)]
    try:
        return Announcement(port, fingerprint, addresses=named)
    except Exception as error:  # no network, no multicast, another program on the port: whatever the library raises
        log.warning("this network is not told of the server (%s); its address works all the same", error or type(error))
        return None


def servers_around(seconds: float = LOOK_S, *, interfaces: list[str] | None = None) -> list[FoundServer]:
    """The servers that answer within that time, by name; none where the network cannot be asked.

    Args:
        interfaces: numbers of the interfaces to ask on; None for all.
    """
    from zeroconf import DNSQuestionType, ServiceBrowser, ServiceListener

    class Names(ServiceListener):
        def __init__(self) -> None:
            self.seen: set[str] = set()

        def add_service(self, zc: Any, type_: str, name: str) -> None:
            self.seen.add(name)

        def update_service(self, zc: Any, type_: str, name: str) -> None:
            self.seen.add(name)

        def remove_service(self, zc: Any, type_: str, name: str) -> None:
            self.seen.discard(name)

    names = Names()
    try:
        speaker = _speaker(interfaces)
    except OSError as error:
        log.info("the local network cannot be asked for servers (%s)", error)
        return []
    try:
        # answers for all: one for the asker alone may reach another program of this machine that listens there too
        aloud = DNSQuestionType.QM
        ServiceBrowser(speaker, SERVICE, listener=names, question_type=aloud)
        threading.Event().wait(seconds)
        told = [speaker.get_service_info(SERVICE, name, 1000, aloud) for name in sorted(names.seen)]
    finally:
        speaker.close()
    return [found for info in told if info is not None and (found := _found(info)) is not None]


def own_addresses() -> list[str]:
    """Numbers under which other machines may reach this one; none where that cannot be seen."""
    try:
        import ifaddr
    except ImportError:
        return []
    numbers = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [number for number in numbers if not ipaddress.ip_address(number).is_loopback]


def _found(info: Any) -> FoundServer | None:
    """What an announcement says; None where it is none of ours."""
    values = {_text(key): _text(value) for key, value in info.properties.items()}
    addresses = tuple(ServerAddress(number, info.port) for number in info.parsed_scoped_addresses())
    if not addresses or not 0 < (info.port or 0) < 65536:
        return None
    name = _text(info.name.removesuffix(f".{SERVICE}").encode())
    return FoundServer(name, addresses, values.get("id", "").lower(), values.get("v", ""))


def _text(value: bytes | None) -> str:
    # anybody in the network may announce anything, and it is shown on terminals
    return "".join(letter for letter in (value or b"").decode("utf-8", "replace") if letter.isprintable())[:64]


def _numbers(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _speaker(interfaces: list[str] | None) -> Any:
    from zeroconf import InterfaceChoice, IPVersion, Zeroconf

    return Zeroconf(interfaces=interfaces or InterfaceChoice.All, ip_version=IPVersion.V4Only)
