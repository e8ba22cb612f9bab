"""A real server on a free port, with a store, looks and a small source of pictures behind it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamv2v_cam.control import ControlServer, Desk, Report, SourceChoice
from streamv2v_cam.errors import SourceError
from streamv2v_cam.looks import Look, Shelf
from streamv2v_cam.store import ControlStore
from streamv2v_cam.system.accesstoken import AccessToken
from websockets.asyncio.client import ClientConnection, connect


class CountingPictures:
    """Gives a new "picture" a hundred times a second."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        time.sleep(0.01)
        number = next(self._numbers)
        return number, b"\xff\xd8picture %d\xff\xd9" % number


class TwoSources:
    """A camera and the presenter."""

    def __init__(self) -> None:
        self.current = "presenter"

    def choices(self) -> list[SourceChoice]:
        titles = {"presenter": "Drawn presenter", "c0ffee": "HD Webcam"}
        return [SourceChoice(id, title, id == self.current) for id, title in titles.items()]

    def switch(self, id: str) -> SourceChoice:
        if id not in ("presenter", "c0ffee"):
            raise SourceError("There is no such source.")
        self.current = id
        return next(choice for choice in self.choices() if choice.current)


@dataclass
class Stage:
    """What the server shows, and the server."""

    desk: Desk
    server: ControlServer
    token: AccessToken
    folder: Path
    report: list[Report] = field(default_factory=list)
    thumbnails: dict[str, bytes] = field(default_factory=dict)

    @property
    def store(self) -> ControlStore:
        return self.desk.store

    @property
    def address(self) -> str:
        return self.server.address.rstrip("/")

    def stranger(self, **more) -> httpx.Client:
        """A client without a token."""
        return httpx.Client(base_url=self.address, timeout=20, trust_env=False, verify=False, **more)

    def client(self, **more) -> httpx.Client:
        """A client with the token."""
        return self.stranger(headers={"Authorization": f"Bearer {self.token.current()}"}, **more)

    def command(self, **body: Any) -> httpx.Response:
        with self.client() as client:
            return client.post("/api/commands", json=body)

    @contextlib.asynccontextmanager
    async def events(self, **headers: str) -> AsyncIterator[ClientConnection]:
        """A WebSocket to the events, with the token unless other headers are given."""
        sent = headers or {"Authorization": f"Bearer {self.token.current()}"}
        address = f"ws://{self.address.removeprefix('http://')}/api/events"
        async with connect(address, additional_headers=sent, proxy=None, open_timeout=20) as socket:
            yield socket


async def heard(socket: ClientConnection, kind: str | None = None) -> dict[str, Any]:
    """The next message (of a kind)."""
    async with asyncio.timeout(20):
        while True:
            message = json.loads(await socket.recv())
            if kind in (None, message["type"]):
                return message


def make_stage(folder: Path, **more: Any) -> Stage:
    """A stage whose server has not been started."""
    looks = [Look("oil", "Oil", {"prompt": "oil"}), Look("neon", "Neon", {"prompt": "neon", "strength": 0.7})]
    report = [Report("live", source="the presenter", sinks=("null",))]
    token = AccessToken(folder / "token")
    pictures = CountingPictures()
    thumbnails: dict[str, bytes] = {}
    desk = Desk(
        ControlStore(look="oil"),
        Shelf(looks, folder / "looks.toml"),
        lambda: {"publish_fps": 30.0, "latency_p50_ms": 80.0},
        lambda: report[-1],
        preview=pictures,
        source_preview=CountingPictures(),
        sources=TwoSources(),
        thumbnails=thumbnails,
        thumbnails_version=lambda: len(thumbnails),
        picture_version=lambda name: int(name in thumbnails),
    )
    server = ControlServer(desk, token=token, **{"port": 0, **more})
    return Stage(desk, server, token, folder, report, thumbnails)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = make_stage(tmp_path_factory.mktemp("stage"))
    stage.server.start()
    yield stage
    stage.server.stop()
