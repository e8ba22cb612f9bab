"""Short lines to a fleet, one after another, each ended in one of four ways."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from benchmarks.clip import moving_clip
from streamv2v_cam.engine.protocol import Ready
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.certificate import pinned_context
from streamv2v_cam.engine.remote.flight import Flight
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.pictures import PictureWriter
from streamv2v_cam.engine.remote.server import ENGINE_PATH
from streamv2v_cam.engine.remote.wire import Hello, Picture, heard, words
from streamv2v_cam.store import ControlStore
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ENDS = ("closed after a picture", "cut after a picture", "cut after the greeting", "closed before a word")


async def short_lines(address: ServerAddress, side: int, count: int) -> int:
    """So many, with pictures of `side` px; how many were told that the fleet is full."""
    writer = PictureWriter(side, side, "jpeg", (), Flight(lambda: 0.0))
    picture = writer.message(Picture(moving_clip(side, side)[0], 1))
    refused = 0
    for number in range(count):
        end = ENDS[number % len(ENDS)]
        async with _opened(address) as line:
            if end == "closed before a word":
                continue
            if not await _has_engine(line, side):
                refused += 1
                continue
            if "picture" in end:
                await line.send(picture)
                while not isinstance(await line.recv(), bytes):
                    pass
            if end.startswith("cut"):
                line.transport.abort()
    return refused


async def engines_had(address: ServerAddress, side: int, lines: int) -> int:
    """How many of so many lines at a time get an engine."""
    async with contextlib.AsyncExitStack() as opened:
        return sum([await _has_engine(await opened.enter_async_context(_opened(address)), side) for _ in range(lines)])


@contextlib.asynccontextmanager
async def _opened(address: ServerAddress) -> AsyncIterator[ClientConnection]:
    certificate, token = known_servers().of(address)
    async with connect(
        address.url(ENGINE_PATH),
        ssl=pinned_context(certificate),
        additional_headers={"Authorization": f"Bearer {token}"},
        proxy=None,
        compression=None,
        max_size=None,
    ) as line:
        yield line


async def _has_engine(line: ClientConnection, side: int) -> bool:
    """Greet as a host does; whether there is an engine for it."""
    try:
        await line.send(words(Hello(side, side, "jpeg", ControlStore().current)))
        while not isinstance(heard(str(await line.recv())), Ready):
            pass
    except ConnectionClosed:
        return False
    return True
