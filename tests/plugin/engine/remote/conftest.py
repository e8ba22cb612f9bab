"""A real engine server on this machine with the small engine, over real TLS, and hosts that meet it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patience import until
from plugin.engine.stand_in import ENTRY as STAND_IN
from streamv2v_cam.engine.heartbeat import Patience
from streamv2v_cam.engine.link import EngineLink
from streamv2v_cam.engine.protocol import FrameDone, Message, Ready
from streamv2v_cam.engine.remote.address import Dial, ServerAddress
from streamv2v_cam.engine.remote.client import ENTRY
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.meeting import pair
from streamv2v_cam.engine.remote.server import EngineServer
from streamv2v_cam.frame import Frame, Pixels
from streamv2v_cam.store import ControlStore

from streamv2v.config import StreamConfig

WIDE, HIGH = 128, 72
CONFIG = StreamConfig(model="stand-in", width=WIDE, height=HIGH)


@dataclass
class Host:
    """A host's end of one engine elsewhere."""

    link: EngineLink
    store: ControlStore
    heard: list[Message] = field(default_factory=list)
    styled: list[Frame] = field(default_factory=list)
    _last: int = 0
    _count: Any = field(default_factory=itertools.count)

    def play(self, until: Callable[[], object], *, within_s: float = 60.0, grey: int | None = None) -> bool:
        """Give it frames and hear it until then."""
        deadline_s = time.monotonic() + within_s
        while time.monotonic() < deadline_s and not until():
            self.link.update(self.store.current)
            if self.link.ready is not None:
                number = next(self._count)
                level = number % 200 if grey is None else grey
                self.link.feed(Frame(np.full((HIGH, WIDE, 3), level, np.uint8), number, time.monotonic()))
            for message in self.link.hear(0.02):
                if not isinstance(message, FrameDone):
                    self.heard.append(message)
                elif (found := self.link.styled(after=self._last)) is not None:
                    self._last = found[0]
                    self.styled.append(found[1])
        return bool(until())

    def said(self, kind: type) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]

    @property
    def newest(self) -> Pixels:
        return self.styled[-1].pixels


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the host's settings."""
    folder = tmp_path / "host"
    monkeypatch.setenv("STREAMV2V_CONFIG", str(folder / "settings.toml"))
    return folder


@pytest.fixture
def serve(tmp_path: Path, home: Path) -> Iterator[Callable[..., EngineServer]]:
    """Starts servers, which end with the test."""
    running: list[EngineServer] = []

    def start(model: str = "stand-in", **more: Any) -> EngineServer:
        server = EngineServer(
            replace(CONFIG, model=model),
            folder=tmp_path / "serve",
            host="127.0.0.1",
            **{"entry": STAND_IN, "patience": Patience(60, 60), **more},
        )
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


def address_of(server: EngineServer) -> ServerAddress:
    return ServerAddress("127.0.0.1", server.port)


def meet(server: EngineServer) -> ServerAddress:
    pair(address_of(server), server.code.open(), known_servers(), name="this one")
    return address_of(server)


def left(server: EngineServer, host: Host) -> int:
    """The process of the engine that worked for a host, which has left it by now."""
    pid = host.said(Ready)[0].facts["pid"]
    host.link.close()
    assert until(lambda: server.pool.busy == 0)
    return pid


@pytest.fixture
def host_of() -> Iterator[Callable[..., Host]]:
    """Hosts of a server, which end with the test."""
    hosts: list[Host] = []

    def start(address: ServerAddress | None, *, pictures: str = "jpeg", prompt: str = "one look") -> Host:
        store = ControlStore()
        store.apply({"prompt": prompt})
        config = replace(CONFIG, model=str(Dial(address, pictures)))
        host = Host(EngineLink(config, store.current, entry=ENTRY, patience=Patience(60, 60)), store)
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.link.close()
