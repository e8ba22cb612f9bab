"""A real server on a free port, with a store, looks and a small source of pictures behind it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from streamv2v_cam.control import ControlServer, Report
from streamv2v_cam.looks import Look, LookSet
from streamv2v_cam.store import ControlStore


class CountingPictures:
    """Gives a new "picture" a hundred times a second."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        time.sleep(0.01)
        number = next(self._numbers)
        return number, b"\xff\xd8picture %d\xff\xd9" % number


@dataclass
class Stage:
    """What the server shows, and the server."""

    store: ControlStore
    server: ControlServer
    pictures: CountingPictures
    report: list[Report] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.server.address.rstrip("/")

    def client(self, **more) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=10, trust_env=False, **more)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    store = ControlStore(look="oil")
    looks = LookSet([Look("oil", "Oil", {"prompt": "oil"}), Look("neon", "Neon", {"prompt": "neon", "strength": 0.7})])
    report = [Report("live", source="the presenter", sinks=("null",))]
    pictures = CountingPictures()
    server = ControlServer(
        store,
        looks=looks,
        telemetry=lambda: {"publish_fps": 30.0, "latency_p50_ms": 80.0},
        report=lambda: report[-1],
        preview=pictures,
        port=0,
    )
    server.start()
    yield Stage(store, server, pictures, report)
    server.stop()
