"""A line between host and server: a WebSocket that lives in an event loop, for threads that send and wait.

One thread alone touches the TLS socket, since Python before 3.13 lets two of them break it: with the library's own
threaded sockets one answer in a few hundred never came.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import queue
import threading
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeVar

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

MOST_WAITING = 64
"""Messages that have come and nobody has looked at; from there on the other side waits."""
SEND_S = 10.0
ROUND_TRIPS = 16
"""Signs of life that are looked back on: some may have waited behind a picture."""
_T = TypeVar("_T")


class LineClosed(Exception):
    """There is no line any more.

    Attributes:
        code: of RFC 6455, as the other side gave it; 0 where it gave none.
        reason: its words.
        orderly: it was closed, and did not break.
    """

    def __init__(self, code: int = 0, reason: str = "", *, orderly: bool = False) -> None:
        self.code, self.reason, self.orderly = code, reason, orderly
        super().__init__(reason or "the line is closed")


class EventLoop:
    """An event loop in a thread of its own."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T], timeout_s: float | None = None) -> _T:
        """The result of a coroutine, from another thread.

        Raises:
            TimeoutError: it took longer; it is cancelled.
            RuntimeError: the loop has ended.
        """
        if self.loop.is_closed():
            work.close()
            raise RuntimeError("the event loop has ended")
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout_s)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise TimeoutError from None

    def stop(self) -> None:
        """End everything in it; safe to call twice."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(SEND_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.close()


class Line:
    """One end of a line; `send`, `recv` and `close` may come from any thread.

    Args:
        socket: opened, of `events`.
        events: where it lives.

    Attributes:
        pumping: the task of `pump`, kept so that it is not collected.
    """

    def __init__(self, socket: Connection, events: EventLoop) -> None:
        self._socket, self._events = socket, events
        self._inbox: queue.SimpleQueue[str | bytes | LineClosed] = queue.SimpleQueue()
        self._end: LineClosed | None = None
        self._round_trips_s: deque[float] = deque([0.0], maxlen=ROUND_TRIPS)
        self.pumping: asyncio.Future[None] | None = None

    @property
    def round_trip_s(self) -> float:
        """How long a few bytes take there and back, the shortest of late; 0 before the first came back."""
        newest_s = self._socket.latency
        if newest_s != self._round_trips_s[-1]:
            self._round_trips_s.append(newest_s)
        return min(filter(None, self._round_trips_s), default=0.0)

    async def pump(self) -> None:
        """Take in what comes until the end; a task of the event loop."""
        end = LineClosed()
        try:
            while True:
                while self._inbox.qsize() > MOST_WAITING:
                    await asyncio.sleep(0.01)
                self._inbox.put(await self._socket.recv())
        except ConnectionClosed as closed:
            received = closed.rcvd
            code, reason = (received.code, received.reason) if received else (0, "")
            end = LineClosed(code, reason, orderly=isinstance(closed, ConnectionClosedOK))
        finally:
            self._end = end
            self._inbox.put(end)

    def recv(self, timeout_s: float) -> str | bytes:
        """The next message.

        Raises:
            TimeoutError: none came.
            LineClosed: none will come.
        """
        try:
            message = self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(message, LineClosed):
            self._inbox.put(message)
            raise message
        return message

    def send(self, message: str | bytes) -> None:
        """Give a message to the line, and wait until it has room for more.

        Raises:
            LineClosed: there is none any more, or it takes nothing.
        """
        if self._end is not None:
            raise self._end
        try:
            self._events.run(self._socket.send(message), SEND_S)
        except (ConnectionClosed, TimeoutError, RuntimeError, concurrent.futures.CancelledError):
            raise self._end or LineClosed() from None

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the line in order; safe to call twice."""
        with contextlib.suppress(TimeoutError, RuntimeError, concurrent.futures.CancelledError):
            self._events.run(self._socket.close(code, reason[:120]), SEND_S)
