"""The access token: in a file of its owner, needed everywhere, never in a log; tickets, keys of pictures, networks."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
import sys

import pytest
from plugin.control.conftest import heard, make_stage
from streamv2v_cam.control import guard
from streamv2v_cam.control.names import lan_addresses
from streamv2v_cam.control.pictures import NOT_IN_LAN
from streamv2v_cam.control.routes import OPEN_PATHS
from streamv2v_cam.errors import SettingsError
from streamv2v_cam.system.accesstoken import AccessToken
from websockets.exceptions import ConnectionClosed


def test_the_token_is_made_once_and_is_32_random_bytes(tmp_path):
    path = tmp_path / "made" / "token"
    first = AccessToken(path).current()
    assert len(first) == 43
    assert AccessToken(path).current() == first
    assert AccessToken(tmp_path / "other").current() != first


@pytest.mark.skipif(sys.platform == "win32", reason="Windows protects files by their folder, not by mode bits")
def test_only_its_owner_can_read_the_file_and_an_open_one_is_closed(tmp_path, caplog, monkeypatch):
    token = AccessToken(tmp_path / "token")
    token.current()
    assert stat.S_IMODE(token.path.stat().st_mode) == 0o600
    token.rotate()
    assert stat.S_IMODE(token.path.stat().st_mode) == 0o600
    token.path.chmod(0o644)
    monkeypatch.setattr(logging.getLogger("streamv2v_cam"), "propagate", True)
    assert AccessToken(token.path).current() == token.current()
    assert stat.S_IMODE(token.path.stat().st_mode) == 0o600
    assert "rotate" in caplog.text
    assert token.current() not in caplog.text


def test_a_file_that_holds_something_else_is_refused_in_one_line(tmp_path):
    (tmp_path / "token").write_text("secret")
    token = AccessToken(tmp_path / "token")
    with pytest.raises(SettingsError, match="rotate"):
        token.current()
    assert not token.opens("secret")
    assert token.opens(token.rotate())


def test_the_token_is_compared_in_constant_time(tmp_path, monkeypatch):
    import hmac

    token, compared = AccessToken(tmp_path / "token"), []
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    assert not token.opens("wrong") and not token.opens("") and not token.opens("ä" * 43)
    assert token.opens(token.current())
    assert len(compared) == 4
    assert guard.bearer({"authorization": "Basic x"}) is None


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x"])
def test_everything_but_the_pages_own_files_needs_the_token(stage, given):
    headers = {} if given is None else {"Authorization": given.format(token=stage.token.current())}
    before = stage.store.current
    with stage.stranger(headers=headers) as stranger, stage.client() as client:
        described = client.get("/api/openapi.json").json()["paths"]
        for path, methods in described.items():
            for method in methods:
                answer = stranger.request(method, path.replace("{name}", "oil"), json={"seed": 4})
                assert answer.status_code in (401, 429), path
        assert stranger.get("/api/none").status_code in (401, 429)
        assert stranger.get("/anything").status_code in (401, 429)
        assert stranger.get("/openapi.json").status_code in (401, 429)
    assert stage.store.current is before


def test_the_pages_own_files_are_open_and_hold_nothing_of_the_person(stage):
    stage.store.apply({"prompt": "my own words"})
    with stage.stranger() as stranger:
        for path in OPEN_PATHS:
            answer = stranger.get(path)
            assert answer.status_code == 200
            assert "my own words" not in answer.text
            assert stage.token.current() not in answer.text


def test_a_token_in_the_address_opens_nothing(stage):
    with stage.stranger() as stranger:
        assert stranger.get("/api/state", params={"token": stage.token.current()}).status_code in (401, 429)


def test_a_new_token_shuts_out_the_old_one_at_once(tmp_path):
    stage = make_stage(tmp_path)
    stage.server.start()

    async def watch():
        async with stage.events() as events:
            await heard(events, "status")
            AccessToken(stage.token.path).rotate()
            with pytest.raises(ConnectionClosed) as end:
                while True:
                    await asyncio.wait_for(events.recv(), 20)
            return end.value.rcvd.code

    try:
        old, key = stage.token.current(), stage.token.view_key("air")
        assert asyncio.run(watch()) == 4401
        with stage.stranger(headers={"Authorization": f"Bearer {old}"}) as client:
            assert client.get("/api/state").status_code == 401
            assert client.get(f"/stream/{key}.mjpg").status_code == 404
        with stage.client() as client:
            assert client.get("/api/state").status_code == 200
    finally:
        stage.server.stop()


def test_a_ticket_is_good_once(stage):
    ticket = stage.server.opening_address().partition("#ticket=")[2]
    assert stage.token.current() not in stage.server.opening_address()
    with stage.stranger() as stranger:
        assert stranger.post("/api/ticket", json={"ticket": "guessed"}).status_code == 401
        assert stranger.post("/api/ticket", json={"ticket": ticket}).json() == {"token": stage.token.current()}
        assert stranger.post("/api/ticket", json={"ticket": ticket}).status_code == 401


def test_a_key_of_a_picture_shows_that_picture_and_opens_nothing(stage):
    with stage.client() as client, stage.stranger() as stranger:
        told = client.get("/api/stream").json()
        key = stage.token.view_key("air")
        assert told["air"].endswith(f"/stream/{key}.mjpg") and told["source"] != told["air"]
        with stranger.stream("GET", told["air"]) as stream:
            assert stream.status_code == 200
        assert stranger.get("/api/state", headers={"Authorization": f"Bearer {key}"}).status_code in (401, 429)
        assert stranger.get("/stream/wrong.mjpg").status_code == 404


def test_no_secret_gets_into_a_log_that_tells_everything(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("streamv2v_cam"), "propagate", True)
    stage = make_stage(tmp_path)
    caplog.set_level(logging.DEBUG)
    stage.server.start()

    async def talk():
        async with stage.events(**{"X-Nothing": "here"}) as events:
            await events.send(json.dumps({"token": stage.token.current()}))
            await heard(events, "status")

    # the test's own client has its own log lines
    for name in ("httpx", "httpcore", "websockets.client"):
        monkeypatch.setattr(logging.getLogger(name), "disabled", True)
    try:
        ticket = stage.server.opening_address().partition("#ticket=")[2]
        with stage.client() as client:
            client.get("/api/state")
            client.post("/api/ticket", json={"ticket": ticket})
            with client.stream("GET", client.get("/api/stream").json()["air"]):
                pass
            asyncio.run(talk())
            stage.desk.telemetry = lambda: {}["broken"]
            assert client.get("/api/state").status_code == 500
    finally:
        stage.server.stop()
    lines = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records if "httpcore" not in record.name
    )
    assert "broken" in lines, "the log was listened to"
    for secret in (stage.token.current(), stage.token.view_key("air"), ticket):
        assert secret not in lines


@pytest.fixture(scope="module")
def open_stage(tmp_path_factory):
    stage = make_stage(tmp_path_factory.mktemp("lan"), lan=True)
    stage.server.start()
    yield stage
    stage.server.stop()


@pytest.mark.skipif(not lan_addresses(), reason="this machine is in no network")
def test_the_network_gets_in_only_when_asked_and_never_without_the_token(stage, open_stage):
    name = lan_addresses()[0]
    with stage.client() as client, pytest.raises(OSError):
        try:
            client.get(f"http://{name}:{stage.server.port}/healthz")
        except Exception as error:
            raise OSError from error
    address = f"http://{name}:{open_stage.server.port}"
    assert open_stage.server.lan_dock_addresses[0].startswith(address + "/#token=")
    with open_stage.stranger() as stranger, open_stage.client() as client:
        assert stranger.get(address + "/api/state").status_code == 401
        assert client.get(address + "/api/state").status_code == 200
        assert client.get(address + "/api/state", headers={"Host": "evil.example"}).status_code == 403
        assert client.get(address + "/api/state", headers={"Origin": "http://evil.example"}).status_code == 403


@pytest.mark.skipif(not lan_addresses(), reason="this machine is in no network")
def test_the_live_picture_stays_on_this_machine_unless_asked(open_stage):
    path = f"/stream/{open_stage.token.view_key('air')}.mjpg"
    with open_stage.client() as client:
        # a peer of this machine by its network address counts as another one
        away = f"http://{lan_addresses()[0]}:{open_stage.server.port}"
        assert client.get(away + path).status_code == 403
        assert client.get(away + "/api/stream").json() == {"air": None, "source": None, "reason": NOT_IN_LAN}
        with client.stream("GET", path) as stream:
            assert stream.status_code == 200
