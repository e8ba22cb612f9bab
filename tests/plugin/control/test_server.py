"""The server: state, changes, live events and pictures, ports."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time

import httpx
import pytest
from streamv2v_cam.control import ControlServer, Report
from streamv2v_cam.control.server import open_port
from streamv2v_cam.errors import SettingsError
from streamv2v_cam.looks import LookSet
from streamv2v_cam.store import ControlStore
from websockets.asyncio.client import connect

from streamv2v.controls import CONTROL_NAMES


def quiet_server(**more) -> ControlServer:
    return ControlServer(
        ControlStore(), looks=LookSet([]), telemetry=dict, report=lambda: Report("starting"), **{"port": 0, **more}
    )


def test_the_page_is_whole_and_asks_nothing_of_other_places(stage):
    with stage.client() as client:
        page = client.get("/")
        assert page.status_code == 200
        for name in ("/page.css", "/page.js", "/icon.svg"):
            assert name in page.text
            assert client.get(name).status_code == 200
        everything = page.text + client.get("/page.js").text + client.get("/page.css").text
    assert "https://" not in everything
    assert "http://" not in everything


def test_the_state_says_what_is_on_air_and_why(stage):
    stage.report.append(Report("engine restarting", "engine was killed (signal 9)", sinks=("null",)))
    with stage.client() as client:
        state = client.get("/api/state").json()
    stage.report.pop()
    assert state["air"]["state"] == "engine restarting"
    assert state["air"]["reason"] == "engine was killed (signal 9)"
    assert state["telemetry"]["publish_fps"] == 30.0
    assert set(state["controls"]) == set(CONTROL_NAMES)


def test_the_controls_are_described_so_that_a_page_can_draw_them(stage):
    with stage.client() as client:
        told = client.get("/api/controls").json()
    assert told["described"]["strength"]["high"] == 1.0
    assert set(told["values"]) == set(told["described"]) == set(CONTROL_NAMES)


def test_a_change_goes_through_the_one_door(stage):
    before = stage.store.current.revision
    with stage.client() as client:
        answer = client.patch("/api/controls", json={"strength": 0.25, "prompt": "a snow globe"})
    assert answer.status_code == 200
    assert answer.json()["controls"]["strength"] == 0.25
    assert stage.store.current.controls.prompt == "a snow globe"
    assert stage.store.current.revision == before + 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"strength": 7}', 422),
        ('{"prompt": ""}', 422),
        ('{"model": "someone/other"}', 422),
        ('{"strength": 0.1, "mode": "sleep"}', 422),
        ('{"seed": 1' + "0" * 400 + "}", 422),
        ('["strength"]', 422),
        ('{"strength": NaN}', 400),
        ("strength", 400),
        ("[" * 10000, 400),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(stage, body, status):
    before = stage.store.current
    with stage.client() as client:
        answer = client.patch("/api/controls", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["error"]
    assert stage.store.current is before


def test_a_refusal_carries_field_given_and_allowed(stage):
    with stage.client() as client:
        told = client.patch("/api/controls", json={"strength": 7}).json()
    assert (told["field"], told["given"], told["allowed"]) == ("strength", 7, "0 to 1")


def test_a_look_is_chosen_by_name_and_an_unknown_one_names_the_nearest(stage):
    with stage.client() as client:
        assert [look["name"] for look in client.get("/api/looks").json()] == ["oil", "neon"]
        assert client.post("/api/looks/neon", json={}).json()["look"] == "neon"
        unknown = client.post("/api/looks/neo", json={})
    assert stage.store.current.controls.strength == 0.7
    assert unknown.status_code == 404
    assert "neon" in unknown.json()["error"]


def test_emptying_the_bank_can_be_asked_for(stage):
    before = stage.store.current.bank_resets
    with stage.client() as client:
        client.post("/api/bank/reset", json={})
    assert stage.store.current.bank_resets == before + 1


def test_reading_changes_nothing(stage):
    before = stage.store.current
    with stage.client() as client:
        for address in ("/", "/api/state", "/api/controls", "/api/looks", "/healthz"):
            assert client.get(address).status_code == 200
        for address in ("/api/looks/neon", "/api/bank/reset"):
            assert client.get(address).status_code == 405
    assert stage.store.current is before


def test_events_come_by_themselves_and_show_a_change(stage):
    async def listen():
        async with connect(f"ws://127.0.0.1:{stage.server.port}/api/events", proxy=None) as events:
            first = json.loads(await asyncio.wait_for(events.recv(), 10))
            stage.store.apply({"strength": 0.33})
            for _ in range(20):
                told = json.loads(await asyncio.wait_for(events.recv(), 10))
                if told["controls"]["strength"] == 0.33:
                    return first, told
            raise AssertionError("the change was never told")

    first, told = asyncio.run(listen())
    assert first["air"]["state"] == "live"
    assert told["revision"] > first["revision"]


def test_the_live_picture_is_a_stream_of_whole_pictures_that_grow_newer(stage):
    with stage.client() as client, client.stream("GET", "/stream.mjpg") as stream:
        assert "boundary=picture" in stream.headers["content-type"]
        read = b""
        for chunk in stream.iter_bytes():
            read += chunk
            if read.count(b"\xff\xd9") >= 5:
                break
    parts = [part for part in read.split(b"--picture\r\n") if part.endswith(b"\xff\xd9\r\n")]
    bodies = [part.split(b"\r\n\r\n", 1)[1].rstrip(b"\r\n") for part in parts]
    numbers = [int(body[len(b"\xff\xd8picture ") : -2]) for body in bodies]
    assert len(numbers) >= 4
    assert numbers == sorted(set(numbers))


def test_without_a_preview_there_is_no_stream_and_the_state_says_so():
    server = quiet_server()
    server.start()
    try:
        with httpx.Client(base_url=server.address, trust_env=False, timeout=10) as client:
            assert client.get("/stream.mjpg").status_code == 404
            assert client.get("/api/state").json()["preview"] is False
    finally:
        server.stop()


def test_stopping_ends_open_streams_and_gives_the_port_back(stage):
    server = quiet_server(preview=stage.pictures)
    server.start()
    ended = threading.Event()

    def watch():
        with (
            httpx.Client(trust_env=False, timeout=10) as client,
            client.stream("GET", server.address + "stream.mjpg") as s,
        ):
            for _ in s.iter_bytes():
                started.set()
        ended.set()

    started = threading.Event()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    assert started.wait(10)
    server.stop()
    server.stop()
    assert ended.wait(10)
    open_port("127.0.0.1", server.port).close()


def test_a_server_that_never_started_can_be_stopped():
    quiet_server().stop()


def test_a_taken_port_is_refused_in_one_line_that_says_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as refusal:
            quiet_server(port=port).start()
    assert str(port) in str(refusal.value)
    assert "--port" in str(refusal.value)


def test_a_taken_default_port_gives_way_to_a_later_one_and_says_so(caplog, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = quiet_server(port=port, search=True)
        monkeypatch.setattr(logging.getLogger("streamv2v_cam"), "propagate", True)
        with caplog.at_level(logging.WARNING):
            server.start()
        try:
            assert port < server.port <= port + 20
            assert server.address == f"http://127.0.0.1:{server.port}/"
            assert str(port) in caplog.text
            assert server.address in caplog.text
        finally:
            server.stop()


def test_only_this_machine_can_be_served():
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1"):
        quiet_server(host="0.0.0.0")


def test_the_address_holds_from_the_moment_start_returns():
    server = quiet_server()
    began_s = time.monotonic()
    server.start()
    try:
        assert httpx.get(server.address + "healthz", trust_env=False, timeout=20).json() == {"ok": True}
        assert time.monotonic() - began_s < 20
    finally:
        server.stop()
