"""Who may speak to the server: foreign hosts, origins, forms and long bodies stay outside."""

from __future__ import annotations

import asyncio

import pytest
from streamv2v_cam.control.guard import BODY_LIMIT_BYTES, own_names
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

JSON = {"Content-Type": "application/json"}


def headers_of(stage, **more):
    return {name.replace("_", "-"): value.format(port=stage.server.port) for name, value in more.items()}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1", "0.0.0.0:{port}", ""]
)
def test_a_foreign_host_is_refused_even_for_reading(stage, host):
    with stage.client() as client:
        answer = client.get("/api/state", headers=headers_of(stage, Host=host))
    assert answer.status_code == 403 if host else answer.status_code in (400, 403)


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
def test_a_change_must_come_from_our_own_page(stage, origin, allowed):
    before = stage.store.current
    with stage.client() as client:
        answer = client.patch("/api/controls", json={"seed": 5}, headers=headers_of(stage, Origin=origin))
    assert answer.status_code == (200 if allowed else 403)
    assert (stage.store.current is before) is not allowed


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
def test_a_web_socket_must_come_from_our_own_page(stage, origin, allowed):
    async def knock():
        address = f"ws://127.0.0.1:{stage.server.port}/api/events"
        extra = {"Origin": origin.format(port=stage.server.port)}
        try:
            async with connect(address, additional_headers=extra, proxy=None) as events:
                await asyncio.wait_for(events.recv(), 10)
                return True
        except InvalidStatus as refusal:
            assert refusal.response.status_code == 403
            return False

    assert asyncio.run(knock()) is allowed


def test_a_program_without_a_browser_sends_no_origin_and_is_let_in(stage):
    with stage.client() as client:
        assert client.patch("/api/controls", json={"seed": 6}).status_code == 200


@pytest.mark.parametrize("address", ["/stream.mjpg", "/api/state"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_not_embed_or_read_what_is_here(stage, address, site):
    with stage.client() as client:
        answer = client.get(address, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"})
    assert answer.status_code == 403


def test_a_link_from_another_page_may_open_the_page(stage):
    with stage.client() as client:
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert client.get("/", headers=link).status_code == 200
        assert client.get("/api/state", headers=link).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_is_no_change(stage, kind):
    with stage.client() as client:
        answer = client.patch("/api/controls", content=b'{"seed": 7}', headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert client.post("/api/looks/neon", headers={"Content-Type": kind}).status_code == 415


def test_a_long_body_is_refused_whether_or_not_it_says_how_long_it_is(stage):
    body = b'{"prompt": "' + b"a" * BODY_LIMIT_BYTES + b'"}'
    before = stage.store.current
    with stage.client() as client:
        assert client.patch("/api/controls", content=body, headers=JSON).status_code == 413
        assert client.patch("/api/controls", content=iter([body[:9000], body[9000:]]), headers=JSON).status_code == 413
    assert stage.store.current is before


def test_every_answer_carries_the_protective_headers(stage):
    with stage.client() as client:
        answers = [
            client.get("/"),
            client.get("/api/state"),
            client.get("/none"),
            client.get("/", headers={"Host": "x"}),
        ]
    for answer in answers:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


def test_only_port_80_may_be_left_out_of_the_host():
    assert "localhost" in own_names(80)
    assert "localhost" not in own_names(8765)
