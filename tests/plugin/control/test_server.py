"""The server: its files, live pictures, ports, beginning and end."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time

import httpx
import pytest
from plugin.control.conftest import make_stage
from streamv2v_cam.control import ControlServer, Desk, Report
from streamv2v_cam.control.pictures import VIEWER_LIMIT
from streamv2v_cam.control.routes import OPEN_PATHS
from streamv2v_cam.control.server import open_port
from streamv2v_cam.errors import SettingsError
from streamv2v_cam.looks import Shelf
from streamv2v_cam.store import ControlStore
from streamv2v_cam.system.accesstoken import AccessToken
from streamv2v_cam.system.runfile import Running, running


@pytest.fixture
def quiet_server(tmp_path):
    """Makes servers with nothing to show."""

    def make(**more) -> ControlServer:
        desk = Desk(ControlStore(), Shelf([]), dict, lambda: Report("starting"), preview=more.pop("preview", None))
        return ControlServer(desk, token=AccessToken(tmp_path / "token"), **{"port": 0, **more})

    return make


def key_of(client: httpx.Client, picture: str = "air") -> str:
    """Where a picture is."""
    return client.get("/api/stream").json()[picture]


def test_the_page_is_whole_and_asks_nothing_of_other_places(stage):
    with stage.client() as client:
        page = client.get("/")
        assert page.status_code == 200
        for name in ("/dock.css", "/dock.js", "/icon.svg"):
            assert name in page.text
        files = [client.get(path) for path in OPEN_PATHS]
        assert all(file.status_code == 200 for file in files)
        everything = "".join(file.text for file in files).replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in everything
    assert "http://" not in everything


@pytest.mark.parametrize("picture", ["air", "source"])
def test_a_live_picture_is_a_stream_of_whole_pictures_that_grow_newer(stage, picture):
    with stage.client() as client, client.stream("GET", key_of(client, picture)) as stream:
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


def test_without_a_preview_there_is_no_stream_and_the_state_says_so(quiet_server, tmp_path):
    server = quiet_server()
    server.start()
    try:
        headers = {"Authorization": f"Bearer {AccessToken(tmp_path / 'token').current()}"}
        with httpx.Client(base_url=server.address, trust_env=False, timeout=20, headers=headers) as client:
            assert key_of(client) is None
            assert client.get("/api/state").json()["preview"] is False
    finally:
        server.stop()


def test_only_so_many_may_watch_at_once(stage):
    with stage.client() as client, contextlib.ExitStack() as watching:
        address = key_of(client)
        for _ in range(VIEWER_LIMIT):
            assert watching.enter_context(client.stream("GET", address)).status_code == 200
        assert client.get(address).status_code == 503


def test_stopping_ends_open_streams_and_gives_the_port_back(tmp_path):
    stage = make_stage(tmp_path)
    stage.server.start()
    started, ended = threading.Event(), threading.Event()

    def watch():
        with stage.client() as client, client.stream("GET", key_of(client)) as stream:
            for _ in stream.iter_bytes():
                started.set()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    assert started.wait(20)
    stage.server.stop()
    stage.server.stop()
    assert ended.wait(20)
    open_port("127.0.0.1", stage.server.port).close()


def test_a_server_that_never_started_can_be_stopped(quiet_server):
    quiet_server().stop()


def test_a_taken_port_is_refused_in_one_line_that_says_what_to_do(quiet_server):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as refusal:
            quiet_server(port=port).start()
    assert str(port) in str(refusal.value)
    assert "--port" in str(refusal.value)


def test_a_second_start_is_told_that_the_program_runs_already(quiet_server):
    first = quiet_server()
    first.start()
    try:
        httpx.get(first.address + "healthz", trust_env=False, timeout=20)
        with pytest.raises(SettingsError, match=f"runs already, with its page at port {first.port}"):
            quiet_server(port=first.port).start()
    finally:
        first.stop()


def test_a_taken_default_port_gives_way_to_a_later_one_and_says_so(quiet_server, caplog, monkeypatch):
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


def test_a_second_start_that_takes_a_later_port_is_told_that_the_program_runs_already(
    quiet_server, caplog, monkeypatch
):
    first = quiet_server()
    first.start()
    second = quiet_server(port=first.port, search=True)
    monkeypatch.setattr(logging.getLogger("streamv2v_cam"), "propagate", True)
    try:
        httpx.get(first.address + "healthz", trust_env=False, timeout=20)
        with caplog.at_level(logging.WARNING):
            second.start()
        assert f"runs already, with its page at port {first.port}" in caplog.text
        assert second.address in caplog.text
    finally:
        second.stop()
        first.stop()


def test_where_the_page_is_can_be_found_as_long_as_it_is_served(quiet_server, tmp_path, monkeypatch):
    monkeypatch.setattr("streamv2v_cam.system.runfile.user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    server = quiet_server()
    assert running() == []
    server.start()
    try:
        assert running() == [Running(os.getpid(), "127.0.0.1", server.port)]
    finally:
        server.stop()
    assert running() == []


def test_only_this_machine_can_be_served(quiet_server):
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1"):
        quiet_server(host="0.0.0.0")


def test_the_address_holds_from_the_moment_start_returns(quiet_server):
    server = quiet_server()
    began_s = time.monotonic()
    server.start()
    try:
        assert httpx.get(server.address + "healthz", trust_env=False, timeout=20).json() == {"ok": True}
        assert time.monotonic() - began_s < 20
    finally:
        server.stop()
