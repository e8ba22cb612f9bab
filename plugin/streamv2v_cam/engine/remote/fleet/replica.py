"""One replica: lets paired hosts in through Serve's proxy, each to a seat on one copy of the weights."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from ray.util.metrics import Counter, Histogram  # pyright: ignore[reportMissingImports]
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from streamv2v.config import StreamConfig

from ....store import Snapshot
from ..admitting import let_in
from ..line import Line
from ..pool import EnginePool, Full
from ..server import ENGINE_PATH, PAIR_PATH
from ..session import Session
from .door import DoorAfar
from .plan import FleetPlan
from .proxied import ProxiedSocket, RunningLoop
from .seat import Model, Seat
from .seats import Seats

FORGOTTEN = 1008
LOOK_S = 5.0
ENGINE_MS = [5.0, 10.0, 20.0, 33.0, 50.0, 75.0, 100.0, 150.0, 250.0, 500.0, 1000.0]

log = logging.getLogger(__name__)


class Replica:
    """What Serve places, counts, watches and ends.

    Args:
        plan: of the fleet.
        door: handle of the door's deployment.

    Raises:
        ModelError, ConfigError: the model cannot be loaded.
    """

    def __init__(self, plan: FleetPlan, door: Any) -> None:
        self._plan, self._handle, self._door = plan, door, DoorAfar(door)
        self._frames = Counter("streamv2v_frames", "Frames that were drawn.")
        self._engine_ms = Histogram("streamv2v_engine_ms", "Milliseconds that a frame took.", boundaries=ENGINE_MS)
        self._seats = Seats(partial(_loaded, plan), drawn=self._drawn)
        self._pool = EnginePool(plan.config, self._start, most=plan.sessions)

    def __serve_build_asgi_app__(self) -> Starlette:
        """What Serve passes lines to."""
        routes = [WebSocketRoute(f"/{PAIR_PATH}", self.pair), WebSocketRoute(f"/{ENGINE_PATH}", self.engine)]
        return Starlette(routes=routes)

    def check_health(self) -> None:
        """Asked by Serve every ten seconds, which replaces a replica that raises here.

        Raises:
            RuntimeError: the engine hangs.
        """
        self._pool.tidy()  # here, since there may be no session that would see to it
        if self._seats.silent_s > self._plan.patience_s:
            raise RuntimeError(f"the engine has been at one frame for {self._seats.silent_s:.0f} s")

    async def pair(self, socket: WebSocket) -> None:
        """A host that was never met, and has a code."""
        if not await self._handle.is_open.remote():
            await socket.close()
            return
        async with _line(socket) as line:
            await asyncio.to_thread(let_in, line, self._door, self._door, self._plan.fingerprint)
            await asyncio.to_thread(line.close)

    async def engine(self, socket: WebSocket) -> None:
        """A host with a token: a session until it ends."""
        kind, _, token = socket.headers.get("authorization", "").partition(" ")
        host = await self._handle.name_of.remote(token) if kind == "Bearer" and token else None
        if host is None:
            await socket.close()
            return
        async with _line(socket) as line:
            # a thread of its own each: those of the loop are few, and a session lasts for hours
            done = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._work, args=(line, host, done), name=f"host {host}", daemon=True).start()
            while not done.done():
                await asyncio.wait([done], timeout=LOOK_S)
                if await self._is_forgotten(token):
                    await asyncio.to_thread(line.close, FORGOTTEN, "this machine is let in no more")

    async def _is_forgotten(self, token: str) -> bool:
        try:
            return await self._handle.name_of.remote(token) is None
        except Exception:  # a door that is away for a moment ends nobody's session
            log.warning("the door does not answer", exc_info=True)
            return False

    def _work(self, line: Line, host: str, done: asyncio.Future[None]) -> None:
        try:
            Session(line, host, self._pool).run()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                done.get_loop().call_soon_threadsafe(lambda: done.done() or done.set_result(None))

    def _start(self, config: StreamConfig, snapshot: Snapshot) -> Seat:
        try:
            return self._seats.start(config, snapshot)
        except Full:
            self._pool.clear()  # memory that was kept for who may come back
            return self._seats.start(config, snapshot)

    def _drawn(self, engine_ms: float) -> None:
        self._frames.inc()
        self._engine_ms.observe(engine_ms)


def _loaded(plan: FleetPlan) -> Model:
    from ...worker_shared import SharedModel  # torch: for the replica alone, not for who starts the fleet

    return SharedModel(plan.config, threads=plan.threads, share=plan.gpu_share or 1.0)


@contextlib.asynccontextmanager
async def _line(socket: WebSocket) -> AsyncIterator[Line]:
    await socket.accept()
    line = Line(ProxiedSocket(socket), RunningLoop())  # pyright: ignore[reportArgumentType]
    line.pumping = asyncio.ensure_future(line.pump())
    try:
        yield line
    finally:
        # Serve may end a call by itself, and nothing says so in the line: its session would wait, and keep its seat
        line.pumping.cancel()
