"""The page and the API as one FastAPI application; knows no thread and no port."""

from __future__ import annotations

import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from streamv2v.controls import describe_controls

from .. import __version__
from ..system.accesstoken import AccessToken
from .answers import JSONResponse
from .catalogue import add_catalogue
from .changing import Redeem, add_changes, add_refusals, add_ticket
from .checkup import add_checkup
from .events import add_events
from .history import add_history
from .keeping import add_looks
from .limits import Limits
from .loras import add_loras
from .modelling import add_models
from .ondemand import add_on_demand
from .pictures import add_pictures
from .reading import add_prompt_reading
from .reference import add_references
from .report import Desk
from .servers import add_servers
from .sizing import add_sizes
from .welcome import add_welcome

PAGE_FOLDER = Path(__file__).parent / "page"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE_FILES = {"/": PAGE_FOLDER / "index.html"} | {
    f"/{path.name}": path for path in sorted(PAGE_FOLDER.iterdir()) if path.suffix in KINDS and path.suffix != ".html"
}
OPEN_PATHS = frozenset({*PAGE_FILES, "/healthz"})
"""What is answered without a token: nothing in it is the person's."""

ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body is no JSON."},
    401: {"description": "The access token is missing or wrong."},
    403: {"description": "Host or Origin is not this server's."},
    404: {"description": "There is no such thing."},
    409: {"description": "It is there already."},
    413: {"description": "The body is too long."},
    415: {"description": "The body does not say that it is JSON."},
    422: {"description": "A value was refused: field, given, allowed."},
    507: {"description": "A recording cannot be written."},
    429: {"description": "Too many requests."},
}


def make_application(
    desk: Desk,
    stopping: threading.Event,
    *,
    token: AccessToken,
    limits: Limits,
    redeem: Redeem,
    lan_picture: bool = False,
) -> FastAPI:
    """The application; its endless answers end once `stopping` is set."""
    app = FastAPI(
        title="streamv2v-cam",
        version=__version__,
        description="What is on air, and every change of it. Each change carries a revision.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=ANSWERS,
    )
    add_refusals(app)
    _add_page(app)
    _add_reading(app, desk)
    _add_lists(app, desk)
    add_prompt_reading(app, desk)
    add_looks(app, desk, limits)
    add_changes(app, desk, limits)
    add_sizes(app, desk, limits)
    add_models(app, desk, limits)
    add_loras(app, desk)
    add_servers(app, desk)
    add_catalogue(app, desk, limits)
    add_on_demand(app, desk)
    add_history(app, desk)
    add_references(app, desk, limits)
    add_checkup(app, desk, limits)
    add_welcome(app, desk, limits, lan_picture=lan_picture)
    add_ticket(app, redeem)
    add_pictures(app, desk, token, stopping, lan_picture=lan_picture)
    add_events(app, desk, token, limits, stopping)
    return app


def _add_page(app: FastAPI) -> None:
    for address, path in PAGE_FILES.items():
        app.add_api_route(address, _file_sender(path, KINDS[path.suffix]), methods=["GET"], include_in_schema=False)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, bool]:
        return {"ok": True}

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


def _file_sender(path: Path, kind: str) -> Any:
    async def send_file() -> FileResponse:
        return FileResponse(path, media_type=kind)

    return send_file


def _add_reading(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/state", summary="What is on air, and every live value")
    async def state() -> JSONResponse:
        return JSONResponse(desk.state())

    @app.get("/api/controls", summary="The live values and what each allows")
    async def controls() -> JSONResponse:
        now = desk.store.current
        values = now.controls.as_dict()
        return JSONResponse({"revision": now.revision, "values": values, "described": describe_controls()})

    @app.get("/api/openapi.json", summary="This description")
    async def openapi() -> JSONResponse:
        return JSONResponse(_described(app))


def _add_lists(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/cameras", summary="The sources that can be switched to")
    async def cameras() -> JSONResponse:
        found = await run_in_threadpool(desk.sources.choices) if desk.sources else ()
        return JSONResponse([asdict(choice) for choice in found])


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with the token that all of it needs."""
    described = app.openapi()
    described.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    described["security"] = [{"token": []}]
    return described
