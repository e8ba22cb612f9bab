"""Nothing answers without the token, nobody gets one without the code, and no certificate is taken for another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from plugin.engine.remote.conftest import Host, address_of, meet
from streamv2v_cam.engine.protocol import Failure, FailureKind
from streamv2v_cam.engine.remote.address import Dial, ServerAddress, dial_of, server_address
from streamv2v_cam.engine.remote.certificate import pinned_context, server_context, unknown_context
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.meeting import pair
from streamv2v_cam.engine.remote.pairing import MOST_WRONG, OpenCode, code_letters, make_code, proof
from streamv2v_cam.engine.remote.server import LARGEST_MESSAGE, EngineServer
from streamv2v_cam.errors import EngineError, SettingsError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

Serve, HostOf = Callable[..., EngineServer], Callable[..., Host]


def answer_to(server: EngineServer, path: str, **headers: str) -> int:
    """The status that a stranger's request gets."""

    async def ask() -> None:
        url = address_of(server).url(path)
        async with connect(url, ssl=unknown_context(), proxy=None, additional_headers=headers):
            pass

    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(ask())
    return refused.value.response.status_code


def test_strangers_meet_a_closed_door_at_every_path(serve: Serve) -> None:
    server = serve()
    _, token = known_servers().of(meet(server))
    assert answer_to(server, "engine") == 401
    for wrong in (f"Bearer {token[:-1]}", f"Bearer {token}x", f"Basic {token}", token, "Bearer ", "Bearer é"):
        assert answer_to(server, "engine", Authorization=wrong) == 401
    assert answer_to(server, "pair") == 401, "the code was used up"
    for path in ("", "engine/..", "metrics", "engine2", "%2fengine"):
        assert answer_to(server, path, Authorization=f"Bearer {token}") == 404


def test_the_server_keeps_no_token_and_the_host_keeps_its_own_for_itself(serve: Serve, tmp_path: Path) -> None:
    _, token = known_servers().of(meet(serve()))
    kept = {path.name: path for path in (tmp_path / "serve").iterdir()}
    assert set(kept) == {"certificate.pem", "key.pem", "hosts.json"}
    assert not any(token in path.read_text() for path in kept.values())
    for path in (kept["key.pem"], known_servers().path):
        assert path.stat().st_mode & 0o077 == 0


def test_a_token_counts_in_its_place_alone(serve: Serve) -> None:
    server = serve()
    _, token = known_servers().of(meet(server))
    for path in (f"engine?token={token}", f"engine?Authorization=Bearer%20{token}"):
        assert answer_to(server, path) == 401
    assert answer_to(server, "engine", Cookie=f"token={token}") == 401
    assert answer_to(server, "engine", **{"Proxy-Authorization": f"Bearer {token}"}) == 401


def test_no_tls_and_old_tls_get_no_answer(serve: Serve) -> None:
    server = serve()
    meet(server)
    place = ("127.0.0.1", server.port)
    with socket.create_connection(place, 10) as plain:
        plain.sendall(b"GET /engine HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert not plain.recv(100).startswith(b"HTTP")
    old = unknown_context()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    with socket.create_connection(place, 10) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain)


def test_what_is_larger_than_any_picture_ends_the_line(serve: Serve) -> None:
    server = serve()
    certificate, token = known_servers().of(meet(server))

    async def flood() -> int:
        url, headers = address_of(server).url("engine"), {"Authorization": f"Bearer {token}"}
        async with connect(url, ssl=pinned_context(certificate), proxy=None, additional_headers=headers) as line:
            with contextlib.suppress(ConnectionClosed):
                await line.send(bytes(LARGEST_MESSAGE + 1))
            await line.wait_closed()
            return line.close_code or 0

    assert asyncio.run(flood()) in (1009, 1006)
    assert server.pool.busy == 0


def test_a_host_that_is_forgotten_is_let_in_no_more(serve: Serve, host_of: HostOf) -> None:
    server = serve()
    host = host_of(meet(server))
    assert host.play(lambda: host.styled)
    assert server.hosts.forget("this one") == 1
    server.close_forgotten()
    assert host.play(lambda: host.said(Failure))
    assert "this machine is let in no more" in host.said(Failure)[0].reason
    late = host_of(address_of(server))
    assert late.play(lambda: late.said(Failure))
    assert late.said(Failure)[0].kind is FailureKind.MODEL
    assert "does not know this machine any more" in late.said(Failure)[0].reason


def test_a_server_with_another_certificate_is_not_the_one_that_was_met(
    serve: Serve, host_of: HostOf, tmp_path: Path
) -> None:
    server = serve()
    address = meet(server)
    server.stop()
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / "serve" / name).unlink()
    serve(port=address.port)
    host = host_of(address)
    assert host.play(lambda: host.said(Failure))
    assert "is not the server that this machine was paired with" in host.said(Failure)[0].reason


def test_a_wrong_code_pairs_nobody_and_five_of_them_end_the_right_one(serve: Serve) -> None:
    server = serve()
    code = server.code.open()
    for _ in range(MOST_WRONG):
        with pytest.raises(EngineError, match="did not accept the code"):
            pair(address_of(server), make_code(), known_servers())
    with pytest.raises(EngineError, match="shows no code just now"):
        pair(address_of(server), code, known_servers())
    assert server.hosts.names() == []
    with pytest.raises(SettingsError, match="not paired"):
        known_servers().of(address_of(server))


def test_a_code_is_typed_as_people_type(serve: Serve) -> None:
    server = serve()
    code = server.code.open()
    pair(address_of(server), f" {code.lower().replace('-', ' ')} ", known_servers(), name="typed\n\x1b[31m")
    assert server.hosts.names() == ["typed[31m"]
    with pytest.raises(SettingsError, match="12 letters and digits"):
        code_letters("1234")


def test_somebody_in_between_shows_another_certificate_and_cannot_prove_the_code(tmp_path: Path) -> None:
    code = OpenCode()
    letters = code_letters(code.open())
    true, false = (server_context(tmp_path / name, name)[1] for name in ("true", "false"))
    salt = "both sides"
    # what the host proves, it proves of the certificate that it saw
    assert code.answer(salt, proof(letters, salt, "host", false), true) is None
    # nor does the server's own proof serve as the host's
    assert code.answer(salt, proof(letters, salt, "server", true), true) is None
    assert code.answer(salt, proof(letters, salt, "host", true), true) == proof(letters, salt, "server", true)
    assert code.answer(salt, proof(letters, salt, "host", true), true) is None, "used up"


def test_a_code_ends_after_ten_minutes() -> None:
    now_s = [0.0]
    code = OpenCode(lambda: now_s[0])
    letters = code_letters(code.open())
    assert code.is_open
    now_s[0] = 601.0
    assert not code.is_open
    assert code.answer("salt", proof(letters, "salt", "host", "f"), "f") is None


@pytest.mark.parametrize(
    "words",
    [
        "not json",
        "[]",
        json.dumps({"say": "ready"}),
        json.dumps({"say": "__class__"}),
        json.dumps({"say": "hello", "width": 128, "height": 72, "codec": "exec", "version": "1", "protocol": 1}),
        b"\x00" * 64,
    ],
)
def test_what_is_no_greeting_gets_no_engine(serve: Serve, words: str | bytes) -> None:
    server = serve()
    certificate, token = known_servers().of(meet(server))

    async def greet() -> str | bytes:
        url, headers = address_of(server).url("engine"), {"Authorization": f"Bearer {token}"}
        async with connect(url, ssl=pinned_context(certificate), proxy=None, additional_headers=headers) as line:
            await line.send(words)
            return await line.recv()

    assert json.loads(asyncio.run(greet()))["say"] == "failure"
    assert server.pool.busy == 0


@pytest.mark.parametrize("written", ["gpu-pc", "gpu-pc:8770", "wss://gpu-pc", "wss://gpu-pc:8770/"])
def test_an_address_is_read_as_people_write_it(written: str) -> None:
    assert str(server_address(written)) == "gpu-pc:8770"


@pytest.mark.parametrize("written", ["ws://gpu-pc", "http://gpu-pc", "gpu-pc:0", "gpu-pc:99999", "", "a b", "u:p@h"])
def test_what_is_no_address_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(SettingsError, match="wss://gpu-pc:8770"):
        server_address(written)


def test_an_address_of_numbers_keeps_its_brackets() -> None:
    address = server_address("[fe80::1]:9000")
    assert (address.host, address.url("engine")) == ("fe80::1", "wss://[fe80::1]:9000/engine")
    assert dial_of(str(Dial(address, "raw"))) == Dial(address, "raw")
    assert dial_of("gpu-pc") == Dial(ServerAddress("gpu-pc", 8770), "auto")
