"""A WebSocket that came through Serve's proxy, with the outside that a `Line` needs."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.websockets import WebSocket, WebSocketState
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close

from ..line import EventLoop

ORDERLY = (1000, 1001)


class RunningLoop(EventLoop):
    """The event loop that is running already, which others own."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def stop(self) -> None:
        """Nothing: it is not ours to end."""


class ProxiedSocket:
    """What a `Line` needs of a connection.

    Args:
        socket: accepted.

    Attributes:
        latency: 0, not known: signs of life are asked for by the proxy, which keeps them to itself.
    """

    latency = 0.0

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._end: ConnectionClosed | None = None

    async def send(self, message: str | bytes) -> None:
        if self._end is not None or self._socket.application_state is WebSocketState.DISCONNECTED:
            raise self._end or ConnectionClosedError(None, None)
        try:
            await (self._socket.send_text(message) if isinstance(message, str) else self._socket.send_bytes(message))
        except (RuntimeError, OSError) as error:  # closed meanwhile
            raise self._end or ConnectionClosedError(None, None) from error

    async def recv(self) -> str | bytes:
        try:
            message: Any = await self._socket.receive()
        except RuntimeError as error:  # closed by this side
            raise self._end or ConnectionClosedOK(None, None) from error
        if message["type"] == "websocket.disconnect":
            code = message.get("code") or 1005
            kind = ConnectionClosedOK if code in ORDERLY else ConnectionClosedError
            self._end = kind(Close(code, message.get("reason") or ""), None)
            raise self._end
        data = message.get("bytes")
        return data if data is not None else message["text"]

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if self._end is None and self._socket.application_state is WebSocketState.CONNECTED:
            await self._socket.close(code, reason)
