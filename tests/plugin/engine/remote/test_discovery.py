"""Servers are found in the network by what anybody may know of them, and nothing else is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from patience import until
from plugin.engine.remote.conftest import Host, address_of, meet
from streamv2v_cam.engine.protocol import Ready
from streamv2v_cam.engine.remote import dialling, discovery
from streamv2v_cam.engine.remote.address import ServerAddress, dial_of, wanted_address
from streamv2v_cam.engine.remote.discovery import ID_LETTERS, Announcement, FoundServer, announced, servers_around
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.server import EngineServer

Serve, HostOf = Callable[..., EngineServer], Callable[..., Host]
HERE = ["127.0.0.1"]


def test_a_server_that_announces_itself_is_found_with_its_address_and_certificate_and_gone_when_it_ends() -> None:
    fingerprint = "ab" * 32
    announcement = Announcement(8770, fingerprint, addresses=HERE, interfaces=HERE)
    try:
        found: list[FoundServer] = []
        assert until(lambda: found.extend(servers_around(1.2, interfaces=HERE)) or found)
        mine = next(server for server in found if server.shows(fingerprint))
        assert ServerAddress("127.0.0.1", 8770) in mine.addresses and mine.version
        assert not mine.shows("cd" * 32)
        told = {bytes(key): bytes(value or b"") for key, value in announcement._info.properties.items()}
        assert set(told) == {b"id", b"v"} and told[b"id"] == fingerprint[:ID_LETTERS].encode()
    finally:
        announcement.end()
    assert not any(server.shows(fingerprint) for server in servers_around(1.2, interfaces=HERE))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_server_for_this_machine_alone_is_announced_to_nobody(host: str) -> None:
    assert announced(8770, "ab" * 32, host) is None


def test_a_network_that_takes_no_announcement_stops_no_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(discovery, "Announcement", none)
    assert announced(8770, "ab" * 32, "0.0.0.0") is None
    assert "Network is unreachable" in caplog.text


def test_what_strangers_announce_is_shown_without_what_terminals_obey() -> None:
    assert discovery._text(b"gpu\x1b[31m\n" + b"x" * 100) == ("gpu[31m" + "x" * 57)


def test_an_announcement_without_a_certificate_is_nobodys() -> None:
    assert not FoundServer("gpu-pc", (), "", "1").shows("ab" * 32)


def test_auto_is_whichever_is_found_and_a_machine_of_that_name_has_an_address() -> None:
    assert wanted_address("auto") is None
    assert wanted_address("wss://auto") == ServerAddress("auto", 8770)
    assert dial_of("auto?pictures=h264").address is None


def test_a_host_finds_its_server_under_an_address_that_it_never_had_before(serve: Serve, host_of: HostOf) -> None:
    """Without announcements the last known address is asked; with one, wherever it says it is."""
    server = serve()
    meet(server)
    host = host_of(None)
    assert host.play(lambda: host.styled)
    assert host.said(Ready)[0].facts["server"] == str(address_of(server))


def test_a_found_place_is_asked_with_the_certificate_of_its_own_server(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    meet(server)
    moved = ServerAddress("10.1.2.3", 9000)
    around = [
        FoundServer("stranger", (ServerAddress("10.6.6.6", 1),), "f" * ID_LETTERS, "1"),
        FoundServer("gpu-pc", (moved,), server.fingerprint[:ID_LETTERS], "1"),
    ]
    monkeypatch.setattr(dialling, "servers_around", lambda: around)

    class End:
        def progress(self, text: str) -> None:
            assert text

    places = list(dialling._places(End(), dial_of("auto")))  # type: ignore[arg-type]
    certificate, token = known_servers().of(address_of(server))
    assert [(place.address, place.certificate, place.token) for place in places] == [
        (moved, certificate, token),
        (address_of(server), certificate, token),
    ]
