"""The routes of the engine's model."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from .answers import JSONResponse
from .bodies import ChosenModel, read_object, understood
from .changing import takes
from .limits import Limits
from .report import Desk

FIXED = "The model of this program's engine is fixed."


def add_models(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """Which models may be chosen, and going over to one."""

    @app.get("/api/engine/model", summary="The model of the engine, and those it may go over to")
    async def models() -> JSONResponse:
        if desk.models is None:
            return JSONResponse({"on_air": "", "rests": FIXED, "models": []})
        found = await run_in_threadpool(desk.models.choices)
        status = await run_in_threadpool(desk.models.status)
        return JSONResponse({**status, "models": [asdict(choice) for choice in found]})

    @app.post("/api/engine/model", summary="Go over to another model of the engine", openapi_extra=takes(ChosenModel))
    async def choose(request: Request) -> JSONResponse:
        wanted = understood(ChosenModel, read_object(await request.body()))
        if desk.models is None:
            return JSONResponse({"error": FIXED}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": "Too many changes of model; wait a moment."}, status_code=429)
        chosen = await run_in_threadpool(desk.models.choose, wanted.name)
        return JSONResponse({"revision": desk.store.current.revision, **asdict(chosen)})
