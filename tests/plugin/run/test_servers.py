"""Engines on other machines as the dock lists them: the person's own first, strangers by name and never by address."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from streamv2v_cam.cli.pair import _places
from streamv2v_cam.engine.remote import discovery
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.certificate import fingerprint_of
from streamv2v_cam.engine.remote.discovery import ID_LETTERS, FoundServer
from streamv2v_cam.engine.remote.pairing import KnownServers
from streamv2v_cam.run.servers import SHOWN, EngineServers

ATTIC, CELLAR, LAPTOP = (ssl.DER_cert_to_PEM_cert(name) for name in (b"attic", b"cellar", b"laptop"))


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    servers = KnownServers(tmp_path / "servers.json")
    servers.add(ServerAddress("attic-pc", 8770), ATTIC, "token")
    servers.add(ServerAddress("192.168.1.5", 8770), CELLAR, "token")
    servers.add(ServerAddress("laptop", 9000), LAPTOP, "token")
    return servers


def announced(name: str, address: str, certificate: str = "") -> FoundServer:
    mark = fingerprint_of(certificate)[:ID_LETTERS] if certificate else "0" * ID_LETTERS
    return FoundServer(name, (ServerAddress(address, 8770),), mark, "0.1.0")


def test_the_one_in_use_comes_first_then_those_there_those_away_and_strangers(known: KnownServers) -> None:
    around = [announced("gpu-box", "192.168.1.9"), announced("cellar", "192.168.1.7", CELLAR)]
    around.append(announced("somebody", "192.168.1.8", ATTIC))
    asked: list[int] = []

    def search() -> list[FoundServer]:
        asked.append(1)
        return around

    servers = EngineServers(lambda: {"server": "attic-pc:8770"}, search=search, known=lambda: known)
    told = [(one.name, one.state, one.command) for one in servers.around()]
    assert told == [
        ("attic-pc", "in use", ""),
        ("192.168.1.5", "paired", "streamv2v-cam run --engine auto"),
        ("laptop", "away", "streamv2v-cam run --engine laptop:9000"),
        ("gpu-box", "new", "streamv2v-cam pair gpu-box CODE"),
    ]
    assert "192.168.1.9" not in str(servers.around()) and len(asked) == 1, "several docks are one question"


@pytest.mark.parametrize("name", ["gpu; rm -rf ~", "$(reboot)", "-x", "a b", "пк", "a.b", "x" * 41])
def test_a_name_that_a_stranger_chose_stands_in_no_command_unless_it_is_plain(tmp_path: Path, name: str) -> None:
    servers = EngineServers(
        dict, search=lambda: [announced(name, "10.0.0.1")], known=lambda: KnownServers(tmp_path / "none.json")
    )
    (one,) = servers.around()
    assert (one.name, one.state, one.command) == (name, "new", "streamv2v-cam pair")


def test_a_network_full_of_announcements_is_a_short_list(tmp_path: Path) -> None:
    crowd = [announced(f"pc-{number}", "10.0.0.1") for number in range(500)]
    servers = EngineServers(dict, search=lambda: crowd, known=lambda: KnownServers(tmp_path / "none.json"))
    assert len(servers.around()) == SHOWN


def test_pairing_by_a_name_tries_the_name_and_then_where_a_server_of_that_name_says_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    around = [announced("GPU-box", "192.168.1.9"), announced("other", "192.168.1.8")]
    monkeypatch.setattr(discovery, "servers_around", lambda: around)
    assert list(map(str, _places("gpu-box"))) == ["gpu-box:8770", "192.168.1.9:8770"]
    assert list(map(str, _places("gpu-box:9000"))) == ["gpu-box:9000"], "an address is meant as it is written"
