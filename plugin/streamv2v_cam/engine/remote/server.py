"""The engine server: a WebSocket over TLS that lets paired hosts in, each to an engine of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from streamv2v.config import StreamConfig

from ...errors import EngineError
from ...store import Snapshot
from ..heartbeat import Patience
from ..link import DEFAULT_ENTRY, EngineLink
from .admitting import let_in
from .certificate import server_context
from .line import EventLoop, Line
from .pairing import OpenCode, PairedHosts
from .pool import LINGER_S, EnginePool
from .session import Session
from .wire import LONGEST_WORDS

ENGINE_PATH, PAIR_PATH = "engine", "pair"
LARGEST_MESSAGE = max(LONGEST_WORDS, 2048 * 2048 * 3 + 64)
"""Bytes; a picture as it is, of the largest size."""
PING_S, SILENT_S = 1.0, 6.0
"""A line is asked for a sign of life so often, and given up without one after so long."""
MOST_WAITING_PAIRS = 4
FORGOTTEN = 1008
"""Close code "policy violation" of RFC 6455."""
TIDY_S, STOP_S = 5.0, 20.0

log = logging.getLogger(__name__)


class EngineServer:
    """Engines for hosts elsewhere.

    Args:
        config: what each engine is built from; hosts choose the size alone.
        folder: certificate, key and the paired hosts.
        host, port: where it listens; port 0 is any free one.
        most: engines at a time.
        entry: function that runs in the engine processes.
        threads: CPU threads of each engine, 0 for its own choice.
        fit: whether a smaller choice runs where memory is short.
        patience: how long an engine may be silent.
        linger_s: how long an engine without a host is kept.

    Raises:
        SettingsError: certificate or key cannot be made or read.
        EngineError: nobody can listen there.
    """

    def __init__(
        self,
        config: StreamConfig,
        *,
        folder: Path,
        host: str = "0.0.0.0",
        port: int = 0,
        most: int = 1,
        entry: str = DEFAULT_ENTRY,
        threads: int = 0,
        fit: bool = True,
        patience: Patience | None = None,
        linger_s: float = LINGER_S,
    ) -> None:
        def start(config: StreamConfig, snapshot: Snapshot) -> EngineLink:
            return EngineLink(config, snapshot, entry=entry, threads=threads, fit=fit, patience=patience)

        self.code, self.hosts = OpenCode(), PairedHosts(folder)
        self.pool = EnginePool(config, start, most=most, linger_s=linger_s)
        context, self.fingerprint = server_context(folder, socket.gethostname())
        self._pairing = threading.BoundedSemaphore(MOST_WAITING_PAIRS)
        self._open: dict[Line, str] = {}
        self._stopped = threading.Event()
        self._events = EventLoop("engine server")
        try:
            self._server: Server = self._events.run(self._listen(host, port, context))
        except OSError as error:
            self._events.stop()
            raise EngineError(
                f"The engine server cannot listen on {host}:{port} ({error.strerror}). Choose another --port."
            ) from error
        self.port: int = next(iter(self._server.sockets)).getsockname()[1]
        self._tidying = threading.Thread(target=self._tidy, name="engine pool", daemon=True)

    async def _listen(self, host: str, port: int, context: ssl.SSLContext) -> Server:
        return await serve(
            self._welcome,
            host,
            port,
            ssl=context,
            process_request=self._admit,
            compression=None,
            max_size=LARGEST_MESSAGE,
            open_timeout=10,
            ping_interval=PING_S,
            ping_timeout=SILENT_S,
            server_header=None,
        )

    def start(self) -> None:
        """Begin to keep the engines in order; hosts are let in from the making on."""
        self._tidying.start()

    def stop(self) -> None:
        """Close every line and end the engines; safe to call twice."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._events.run(self._closed(), STOP_S)
        self._events.stop()
        self.pool.close()

    async def _closed(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _admit(self, line: ServerConnection, request: Request) -> Response | None:
        """Before anything is agreed on: who has no token, and no code is open, meets a closed door."""
        path = request.path.partition("?")[0].strip("/")
        if path == ENGINE_PATH and self._host_of(request) is not None:
            return None
        if path == PAIR_PATH and self.code.is_open:
            return None
        known = path in (ENGINE_PATH, PAIR_PATH)
        return line.respond(HTTPStatus.UNAUTHORIZED if known else HTTPStatus.NOT_FOUND, "")

    def _host_of(self, request: Request) -> str | None:
        return self._host_named(request.headers.get("Authorization", ""))

    def _host_named(self, authorization: str) -> str | None:
        kind, _, token = authorization.partition(" ")
        return self.hosts.name_of(token) if kind == "Bearer" and token else None

    async def _welcome(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        line = Line(socket, self._events)
        line.pumping = asyncio.ensure_future(line.pump())
        if socket.request.path.strip("/") == PAIR_PATH:
            await asyncio.to_thread(self._pair, line)
        elif (host := self._host_of(socket.request)) is not None:
            self._open[line] = socket.request.headers["Authorization"]
            # a thread of its own each: those of the loop are few, and a session lasts for hours
            done = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._work, args=(line, host, done), name=f"host {host}", daemon=True).start()
            await done

    def _work(self, line: Line, host: str, done: asyncio.Future[None]) -> None:
        try:
            Session(line, host, self.pool).run()
        finally:
            self._open.pop(line, None)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._events.loop.call_soon_threadsafe(lambda: done.done() or done.set_result(None))

    def _pair(self, line: Line) -> None:
        # the proof costs memory and time on purpose, and anybody may ask for it
        if not self._pairing.acquire(blocking=False):
            return
        try:
            let_in(line, self.code, self.hosts, self.fingerprint)
        finally:
            self._pairing.release()

    def _tidy(self) -> None:
        while not self._stopped.wait(TIDY_S):
            self.pool.tidy()
            self.close_forgotten()

    def close_forgotten(self) -> None:
        """End the sessions of hosts that are let in no more; done every few seconds by itself."""
        for line, authorization in list(self._open.items()):
            if self._host_named(authorization) is None:
                line.close(FORGOTTEN, "this machine is let in no more")
