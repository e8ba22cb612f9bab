"""The live pictures as streams of JPEG, behind addresses that show them and open nothing else."""

from __future__ import annotations

import asyncio
import hmac
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from ..system.accesstoken import AccessToken
from .answers import JSONResponse
from .names import is_this_machine
from .report import Desk, JpegSource

VIEWER_LIMIT = 8
STILL_PERIOD_S = 0.25
NOT_IN_LAN = "The live picture is shown on this machine only; control.lan_picture = true shows it to your network too."


def add_pictures(app: FastAPI, desk: Desk, token: AccessToken, stopping: threading.Event, *, lan_picture: bool) -> None:
    """`/api/stream`, which tells the addresses, and the streams themselves."""
    sources = {"air": desk.preview, "source": desk.source_preview}
    viewers = Viewers(stopping)

    @app.get("/api/stream", summary="Where the live pictures are")
    async def addresses(request: Request) -> JSONResponse:
        base = f"http://{request.headers['host']}"
        if not (lan_picture or is_near(request)):
            return JSONResponse({"air": None, "source": None, "reason": NOT_IN_LAN})
        found = {
            name: f"{base}/stream/{token.view_key(name)}.mjpg" if source else None for name, source in sources.items()
        }
        return JSONResponse({**found, "reason": "" if desk.preview else "The picture is left out (--no-preview)."})

    @app.get("/stream/{key}.mjpg", include_in_schema=False)
    async def stream(request: Request, key: str) -> Response:
        if not (lan_picture or is_near(request)):
            return JSONResponse({"error": NOT_IN_LAN}, status_code=403)
        for name, source in sources.items():
            if source is not None and _same(key, token.view_key(name)):
                return viewers.answer(request, source, lambda name=name: _same(key, token.view_key(name)))
        return JSONResponse({"error": "There is no picture at this address (any more)."}, status_code=404)


class Viewers:
    """Those who watch a stream; each waits for pictures in a thread of its own, so there may not be many."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._waiting = ThreadPoolExecutor(VIEWER_LIMIT, thread_name_prefix="page-viewer")
        self._count = 0

    def answer(self, request: Request, source: JpegSource, may_watch: Callable[[], bool]) -> Response:
        """The endless answer; it ends when the program does, or `may_watch` says so."""
        if self._count >= VIEWER_LIMIT:
            return JSONResponse({"error": f"{VIEWER_LIMIT} viewers are watching already."}, status_code=503)
        pictures = self._pictures(request, source, may_watch)
        return StreamingResponse(pictures, media_type="multipart/x-mixed-replace; boundary=picture")

    async def _pictures(
        self, request: Request, source: JpegSource, may_watch: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        self._count += 1
        clock = asyncio.get_running_loop().time
        due_s = 0.0
        try:
            sequence, jpeg = -1, b""
            yield b"--picture\r\n"
            while not self._stopping.is_set() and may_watch() and not await request.is_disconnected():
                wait = asyncio.get_running_loop().run_in_executor(self._waiting, source.wait_newer, sequence, 0.5)
                if (newer := await wait) is not None:
                    sequence, jpeg = newer
                elif clock() < due_s or not jpeg:
                    await asyncio.sleep(0.02)
                    continue
                # The next boundary goes out with the picture, and a still one again and again: some browsers and
                # players show a picture only when the one after it begins.
                head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                yield head + jpeg + b"\r\n--picture\r\n"
                due_s = clock() + STILL_PERIOD_S
        finally:
            self._count -= 1


def is_near(request: Request) -> bool:
    """Whether the request comes from this machine."""
    return request.client is not None and is_this_machine(request.client.host)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
