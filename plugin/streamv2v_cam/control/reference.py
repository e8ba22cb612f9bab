"""The routes of reference pictures: which there are, bringing one in, and taking one from the camera."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from ..errors import PictureRefused
from ..references.decoding import FORMATS
from .answers import JSONResponse
from .bodies import EmptyBody, read_object, understood
from .changing import takes
from .guard import PICTURE_LIMIT_BYTES, PICTURE_PATH
from .limits import Limits
from .report import Desk

AT_ONCE = 4
"""Pictures that are read, or wait for it, at one time."""
NO_FRAME = "There is no picture of the camera now."
TOO_MANY = "Too many pictures at once; wait a moment."
PICTURE_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            f"image/{kind.lower()}": {
                "schema": {"type": "string", "format": "binary", "maxLength": PICTURE_LIMIT_BYTES}
            }
            for kind in FORMATS
        },
    }
}


def add_references(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """The list of pictures, and every way to bring one in. Which one the look follows is a control, `reference`."""
    coming = 0

    @app.exception_handler(PictureRefused)
    async def refused(_: Request, error: PictureRefused) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=422)

    @app.get("/api/references", summary="The reference pictures on offer")
    async def references() -> JSONResponse:
        found = await run_in_threadpool(desk.store.pictures.choices)
        return JSONResponse([asdict(one) for one in found])

    @app.post(PICTURE_PATH, summary="Bring a picture in; the body is its file", openapi_extra=PICTURE_FILE)
    async def bring(request: Request, title: str = "") -> JSONResponse:
        nonlocal coming
        if coming >= AT_ONCE or not limits.saving.take():
            return JSONResponse({"error": TOO_MANY}, status_code=429)
        coming += 1
        try:
            found = await run_in_threadpool(desk.store.pictures.add, await request.body(), title)
        finally:
            coming -= 1
        return JSONResponse({"revision": desk.store.current.revision, **asdict(found)})

    @app.post("/api/references/frame", summary="Take a frame of the camera", openapi_extra=takes(EmptyBody))
    async def frame(request: Request) -> JSONResponse:
        understood(EmptyBody, read_object(await request.body()))
        if not limits.saving.take():
            return JSONResponse({"error": TOO_MANY}, status_code=429)
        pixels = desk.frame()
        if pixels is None:
            return JSONResponse({"error": NO_FRAME}, status_code=404)
        found = await run_in_threadpool(desk.store.pictures.add_frame, pixels)
        return JSONResponse({"revision": desk.store.current.revision, **asdict(found)})
