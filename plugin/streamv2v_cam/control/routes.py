"""The page, the API and the live stream as a FastAPI application; knows no thread and no port."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from streamv2v.controls import describe_controls
from streamv2v.errors import ControlError

from ..errors import LookError
from .report import Desk, JpegSource

EVENT_PERIOD_S = 0.25
VIEWER_LIMIT = 8
PAGE_FOLDER = Path(__file__).parent / "page"
PAGE_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


def make_application(desk: Desk, stopping: threading.Event) -> FastAPI:
    """The application; its endless answers end once `stopping` is set."""
    app = FastAPI(title="streamv2v-cam", docs_url=None, redoc_url=None, openapi_url=None)
    _add_refusals(app)
    _add_page(app)
    _add_reading(app, desk, stopping)
    _add_changes(app, desk)
    if desk.preview is not None:
        _add_stream(app, desk.preview, stopping)
    return app


def _add_refusals(app: FastAPI) -> None:
    @app.exception_handler(ControlError)
    async def refused(_: Request, error: ControlError) -> JSONResponse:
        given = error.given if isinstance(error.given, (str, int, bool, type(None))) else repr(error.given)
        detail = {"error": str(error), "field": error.field, "given": given, "allowed": error.allowed}
        return JSONResponse(detail, status_code=422)

    @app.exception_handler(LookError)
    async def unknown(_: Request, error: LookError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=404)


def _add_page(app: FastAPI) -> None:
    for address, (name, kind) in PAGE_FILES.items():
        app.add_api_route(address, _file_sender(PAGE_FOLDER / name, kind), methods=["GET"])

    @app.get("/healthz")
    async def healthz() -> dict[str, bool]:
        return {"ok": True}


def _file_sender(path: Path, kind: str) -> Any:
    async def send_file() -> FileResponse:
        return FileResponse(path, media_type=kind)

    return send_file


def _add_reading(app: FastAPI, desk: Desk, stopping: threading.Event) -> None:
    @app.get("/api/state")
    async def state() -> JSONResponse:
        return JSONResponse(desk.state())

    @app.get("/api/controls")
    async def controls() -> JSONResponse:
        return JSONResponse({"values": desk.store.current.controls.as_dict(), "described": describe_controls()})

    @app.get("/api/looks")
    async def looks() -> JSONResponse:
        return JSONResponse([{"number": number, **look.as_dict()} for number, look in enumerate(desk.looks, 1)])

    @app.websocket("/api/events")
    async def events(socket: WebSocket) -> None:
        await socket.accept()
        sending = asyncio.create_task(_send_states(socket, desk, stopping))
        try:
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass
        finally:
            sending.cancel()


async def _send_states(socket: WebSocket, desk: Desk, stopping: threading.Event) -> None:
    while not stopping.is_set():
        await socket.send_json(desk.state())
        await asyncio.sleep(EVENT_PERIOD_S)
    await socket.close(1001)


def _add_changes(app: FastAPI, desk: Desk) -> None:
    @app.patch("/api/controls")
    async def patch(request: Request) -> JSONResponse:
        try:
            change = json.loads(await request.body(), parse_constant=_no_constant)
        except ClientDisconnect:
            return JSONResponse({"error": "The body is too long."}, status_code=413)
        except (ValueError, RecursionError):
            return JSONResponse({"error": "The body is not valid JSON."}, status_code=400)
        if not isinstance(change, dict):
            return JSONResponse({"error": "A change is an object of controls and values."}, status_code=422)
        desk.store.apply(change)
        return JSONResponse(desk.state())

    @app.post("/api/looks/{name}")
    async def choose_look(name: str) -> JSONResponse:
        look = desk.looks.get(name)
        desk.store.apply(look.patch(), look=look.name)
        return JSONResponse(desk.state())

    @app.post("/api/bank/reset")
    async def reset_bank() -> JSONResponse:
        desk.store.reset_bank()
        return JSONResponse(desk.state())


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _add_stream(app: FastAPI, preview: JpegSource, stopping: threading.Event) -> None:
    waiting = ThreadPoolExecutor(VIEWER_LIMIT, thread_name_prefix="page-viewer")
    viewers = 0

    async def pictures(request: Request) -> AsyncIterator[bytes]:
        nonlocal viewers
        viewers += 1
        try:
            sequence = -1
            yield b"--picture\r\n"
            while not stopping.is_set() and not await request.is_disconnected():
                wait = asyncio.get_running_loop().run_in_executor(waiting, preview.wait_newer, sequence, 0.5)
                if (newer := await wait) is not None:
                    sequence, jpeg = newer
                    # The next boundary goes out with the picture: a browser shows it only then.
                    head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                    yield head + jpeg + b"\r\n--picture\r\n"
                else:
                    await asyncio.sleep(0.02)
        finally:
            viewers -= 1

    @app.get("/stream.mjpg")
    async def stream(request: Request) -> Response:
        if viewers >= VIEWER_LIMIT:
            return JSONResponse({"error": f"{VIEWER_LIMIT} viewers are watching already."}, status_code=503)
        return StreamingResponse(pictures(request), media_type="multipart/x-mixed-replace; boundary=picture")
