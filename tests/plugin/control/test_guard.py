"""Who may speak to the server: foreign hosts, origins, forms, long bodies and too many requests stay outside."""

from __future__ import annotations

import asyncio
import socket

import pytest
from plugin.control.conftest import heard, make_stage
from streamv2v_cam.control.guard import BODY_LIMIT_BYTES, Guard
from streamv2v_cam.control.limits import Bucket, Limits
from streamv2v_cam.control.names import Names
from websockets.exceptions import ConnectionClosed, InvalidStatus

JSON = {"Content-Type": "application/json"}


def headers_of(stage, **more):
    return {name.replace("_", "-"): value.format(port=stage.server.port) for name, value in more.items()}


def answered(stage, request: bytes) -> bytes:
    """The first line of the answer to raw bytes."""
    with socket.create_connection(("127.0.0.1", stage.server.port), timeout=20) as line:
        line.sendall(request)
        return line.recv(4096).partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1:x",
        "localhost.evil:{port}",
        "0.0.0.0:{port}",
        "192.168.0.7:{port}",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/state", "/healthz", "/stream/x.mjpg"])
def test_a_foreign_host_is_refused_even_for_reading(stage, host, path):
    with stage.client() as client:
        assert client.get(path, headers=headers_of(stage, Host=host)).status_code == 403


def test_no_host_and_two_hosts_are_refused(stage):
    own = f"Host: 127.0.0.1:{stage.server.port}\r\n".encode()
    assert answered(stage, b"GET /healthz HTTP/1.1\r\n\r\n").split()[1] in (b"400", b"403")
    assert answered(stage, b"GET /healthz HTTP/1.1\r\n" + own + b"Host: evil\r\n\r\n").split()[1] in (b"400", b"403")
    assert answered(stage, b"GET /healthz HTTP/1.1\r\n" + own + b"\r\n").split()[1] == b"200"


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "LOCALHOST:{port}"])
def test_the_names_of_this_machine_are_let_in(stage, host):
    with stage.client() as client:
        assert client.get("/api/state", headers=headers_of(stage, Host=host)).status_code == 200


ORIGINS = [
    ("http://127.0.0.1:{port}", True),
    ("http://localhost:{port}", True),
    ("https://127.0.0.1:{port}", False),
    ("http://127.0.0.1:1", False),
    ("http://evil.example", False),
    ("http://127.0.0.1:{port}.evil.example", False),
    ("null", False),
    ("", False),
]


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
def test_every_request_must_come_from_our_own_page(stage, origin, allowed):
    before = stage.store.current
    with stage.client() as client:
        headers = headers_of(stage, Origin=origin)
        assert client.patch("/api/controls", json={"seed": 5}, headers=headers).is_success is allowed
        assert client.get("/api/state", headers=headers).is_success is allowed
    assert (stage.store.current is before) is not allowed


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
def test_a_web_socket_must_come_from_our_own_page(stage, origin, allowed):
    async def knock():
        extra = {"Origin": origin.format(port=stage.server.port), "Authorization": f"Bearer {stage.token.current()}"}
        try:
            async with stage.events(**extra) as events:
                await heard(events)
                return True
        except InvalidStatus as refusal:
            assert refusal.response.status_code == 403
            return False

    assert asyncio.run(knock()) is allowed


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1.evil.example:1"])
def test_a_web_socket_to_a_foreign_host_is_refused(stage, host):
    upgrade = (
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    name = host.format(port=stage.server.port).encode()
    assert (
        answered(stage, b"GET /api/events HTTP/1.1\r\nHost: " + name + b"\r\n" + upgrade + b"\r\n").split()[1] == b"403"
    )


@pytest.mark.parametrize("address", ["/stream/{key}.mjpg", "/api/state", "/api/stream"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_not_embed_or_read_what_is_here(stage, address, site):
    with stage.client() as client:
        place = address.format(key=stage.token.view_key("air"))
        answer = client.get(place, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"})
    assert answer.status_code == 403


def test_a_link_from_another_page_may_open_the_page_and_nothing_else(stage):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    with stage.client() as client:
        assert client.get("/", headers=link).status_code == 200
        assert client.get("/api/state", headers=link).status_code == 403
        assert client.get(f"/stream/{stage.token.view_key('air')}.mjpg", headers=link).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_is_no_change(stage, kind):
    with stage.client() as client:
        for method, path in (("PATCH", "/api/controls"), ("POST", "/api/commands"), ("POST", "/api/looks")):
            answer = client.request(method, path, content=b'{"seed": 7}', headers={"Content-Type": kind})
            assert answer.status_code == 415


def test_a_long_body_is_refused_whether_or_not_it_says_how_long_it_is(stage):
    body = b'{"prompt": "' + b"a" * BODY_LIMIT_BYTES + b'"}'
    before = stage.store.current
    with stage.client() as client:
        assert client.patch("/api/controls", content=body, headers=JSON).status_code == 413
        assert client.patch("/api/controls", content=iter([body[:9000], body[9000:]]), headers=JSON).status_code == 413
    token = stage.token.current()
    lines = [
        "PATCH /api/controls HTTP/1.1",
        f"Host: 127.0.0.1:{stage.server.port}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        "Content-Length: 99999999999",
    ]
    assert answered(stage, "\r\n".join([*lines, "", ""]).encode()).split()[1] == b"413"
    assert stage.store.current is before


@pytest.mark.parametrize(("known", "chunks", "read"), [(False, 3, 3), (False, 40, 16), (True, 400, 400)])
def test_a_refusal_takes_in_the_body_first_or_its_sender_reads_of_a_reset_instead(stage, known, chunks, read):
    """A short one only of who brings no token: any page may send, and nobody reads forty megabytes for it."""
    order = []

    async def receive():
        order.append("read")
        return {"type": "http.request", "body": b"a" * 1024, "more_body": order.count("read") < chunks}

    async def send(message):
        order.append(message.get("status", "said"))

    guard = Guard(None, names=Names(8765), token=stage.token, limits=Limits(), open_paths=(), revision=lambda: 0)
    headers = [(b"host", b"localhost:8765"), (b"content-type", b"application/json"), (b"content-length", b"409600")]
    headers += [(b"authorization", f"Bearer {stage.token.current()}".encode())] if known else []
    scope = {"type": "http", "method": "PATCH", "path": "/api/controls", "headers": headers}
    asyncio.run(guard(scope, receive, send))
    assert order == ["read"] * read + [413 if known else 401, "said"]


def test_a_long_message_ends_its_web_socket(stage):
    async def talk():
        async with stage.events() as events:
            await events.send("a" * (BODY_LIMIT_BYTES + 1))
            with pytest.raises(ConnectionClosed) as end:
                while True:
                    await asyncio.wait_for(events.recv(), 20)
            return end.value.rcvd.code if end.value.rcvd else 1009

    assert asyncio.run(talk()) == 1009


def test_a_long_prompt_is_refused(stage):
    with stage.client() as client:
        answer = client.patch("/api/controls", json={"prompt": "a" * 2001})
    assert (answer.status_code, answer.json()["field"]) == (422, "prompt")
    assert len(answer.content) < 1000


def test_too_many_changes_or_wrong_tokens_are_told_to_wait(tmp_path):
    clock = lambda: 0.0  # noqa: E731
    limits = Limits(*(Bucket(1, 3, clock=clock) for _ in range(4)))
    stage = make_stage(tmp_path, limits=limits)
    stage.server.start()
    try:
        with stage.client() as client, stage.stranger() as stranger:
            changes = [client.patch("/api/controls", json={"seed": n}).status_code for n in range(5)]
            assert changes == [200, 200, 200, 429, 429]
            assert client.get("/api/state").status_code == 200
            assert stage.store.current.controls.seed == 2
            assert [stranger.get("/api/state").status_code for _ in range(5)] == [401, 401, 401, 429, 429]
            assert client.get("/api/state").status_code == 200, "strangers do not lock the owner out"
    finally:
        stage.server.stop()


def test_a_bucket_fills_again():
    now_s = [0.0]
    bucket = Bucket(2, 3, clock=lambda: now_s[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now_s[0] = 1.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_every_answer_carries_the_protective_headers(stage):
    with stage.client() as client, stage.stranger() as stranger:
        answers = [
            client.get("/"),
            client.get("/api/state"),
            client.get("/none"),
            client.get("/", headers={"Host": "x"}),
            stranger.get("/api/state"),
            client.patch("/api/controls", json={"strength": 9}),
        ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_preflight_is_answered_without_leave(stage):
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PATCH"}
    with stage.stranger() as client:
        answer = client.options("/api/controls", headers=asked)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
