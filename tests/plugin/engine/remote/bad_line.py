"""A line that is slow, long, stuck or dead: a relay of bytes between a host and its server.

It stands in for what a kernel does to packets: loss is felt by a TCP stream as a pause of everything behind it, which
`hiccup_s` makes. Real packets are lost in scripts/remote_lines.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading

from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.line import EventLoop

PIECE = 1400


class BadLine:
    """Listens on this machine and passes on to a server.

    Args:
        server: where to.
        delay_s: each way.
        bytes_per_s: bandwidth each way; 0 for all there is.
        hiccup_s: everything pauses so long now and then.
        hiccups: share of pieces that cause such a pause, 0..1.
    """

    def __init__(
        self,
        server: ServerAddress,
        *,
        delay_s: float = 0.0,
        bytes_per_s: float = 0.0,
        hiccup_s: float = 0.0,
        hiccups: float = 0.0,
    ) -> None:
        self._server, self._delay_s, self._bytes_per_s = server, delay_s, bytes_per_s
        self._hiccup_s, self._hiccups, self._dice = hiccup_s, hiccups, random.Random(3)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = threading.Event()
        self._flows.set()
        self._events = EventLoop("bad line")
        self._listening: asyncio.Server = self._events.run(self._listen())
        self.address = ServerAddress("127.0.0.1", self._listening.sockets[0].getsockname()[1])

    def stick(self) -> None:
        """Nothing passes any more, and nobody is told: a half-open connection."""
        self._flows.clear()

    def cut(self) -> None:
        """All connections break off."""
        self._events.run(self._cut())

    def close(self) -> None:
        """End it."""
        self._flows.set()
        self.cut()
        self._events.stop()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._join, "127.0.0.1", 0)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._server.host, self._server.port)
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)
        delivering = asyncio.ensure_future(self._deliver(under_way, writer))
        loop, free_s = asyncio.get_running_loop(), 0.0
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                free_s = max(free_s, loop.time())
                if self._bytes_per_s:
                    free_s += len(data) / self._bytes_per_s
                if self._dice.random() < self._hiccups:
                    free_s += self._hiccup_s
                await under_way.put((free_s + self._delay_s, data))
                if (ahead_s := free_s - loop.time()) > 0.2:  # what a sender's own buffers would hold back
                    await asyncio.sleep(ahead_s - 0.2)
        await under_way.put((loop.time() + self._delay_s, b""))
        await delivering

    async def _deliver(self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                due_s, data = await under_way.get()
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                while not self._flows.is_set():
                    await asyncio.sleep(0.05)
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
