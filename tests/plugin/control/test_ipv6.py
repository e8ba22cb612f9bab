"""The page on ::1: its address has brackets, and page, WebSocket and the OBS process come in by it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from plugin.control.conftest import Stage, heard, make_stage
from streamv2v_cam.obs.host import check_address, request_json
from streamv2v_cam.obs.process import server_address
from streamv2v_cam.settings import load_settings


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as tried:
        tried.bind(("::1", 0))
        return True
    return False


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = make_stage(tmp_path, host="::1")
    stage.server.start()
    yield stage
    stage.server.stop()


def test_the_addresses_that_are_printed_have_brackets_and_work(stage: Stage) -> None:
    port = stage.server.port
    assert stage.server.address == f"http://[::1]:{port}/"
    assert stage.server.dock_address.startswith(f"http://[::1]:{port}/#token=")
    with stage.client() as client:
        assert client.get("/api/state").status_code == 200
        own = {"Origin": f"http://[::1]:{port}"}
        assert client.patch("/api/controls", json={"strength": 0.3}, headers=own).status_code == 200
        assert (
            client.patch("/api/controls", json={"strength": 0.3}, headers={"Origin": "http://[::1]"}).status_code == 403
        )
    assert httpx.get(stage.server.address, trust_env=False).status_code == 200


def test_changes_are_heard_there(stage: Stage) -> None:
    async def listen() -> dict:
        async with stage.events() as connection:
            return await heard(connection)

    assert asyncio.run(listen())


def test_the_obs_process_finds_the_page_there(stage: Stage, tmp_path: Path) -> None:
    settings = load_settings({"control.host": "::1", "control.port": str(stage.server.port)}, None)
    place = check_address(server_address(settings))
    assert place == f"[::1]:{stage.server.port}"
    assert request_json(place, "GET", "/api/state", stage.token.current())["controls"]
