"""The routes of the engine's size."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from .answers import JSONResponse
from .bodies import ChosenSize, read_object, understood
from .changing import takes
from .limits import Limits
from .report import Desk

FIXED = "The size of this program's engine is fixed."


def add_sizes(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """Which sizes there are, and going over to one."""

    @app.get("/api/engine/size", summary="The sizes of the engine")
    async def sizes() -> JSONResponse:
        return JSONResponse([asdict(choice) for choice in desk.sizes.choices()] if desk.sizes else [])

    @app.post("/api/engine/size", summary="Go over to another size of the engine", openapi_extra=takes(ChosenSize))
    async def choose(request: Request) -> JSONResponse:
        wanted = understood(ChosenSize, read_object(await request.body()))
        if desk.sizes is None:
            return JSONResponse({"error": FIXED}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": "Too many changes of size; wait a moment."}, status_code=429)
        chosen = await run_in_threadpool(desk.sizes.choose, wanted.size, wanted.wanted_fps)
        return JSONResponse({"revision": desk.store.current.revision, **asdict(chosen)})
