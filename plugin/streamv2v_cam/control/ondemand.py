"""The route of the mode on demand."""

from __future__ import annotations

from fastapi import FastAPI, Request

from .answers import JSONResponse
from .bodies import OnDemandMode, read_object, understood
from .changing import takes
from .report import Desk

NEVER = "Camera and engine of this program never rest."


def add_on_demand(app: FastAPI, desk: Desk) -> None:
    """Whether camera and engine rest while nobody watches; the state says whether they do."""

    @app.post(
        "/api/on_demand", summary="Have camera and engine rest while nobody watches", openapi_extra=takes(OnDemandMode)
    )
    async def switch(request: Request) -> JSONResponse:
        wanted = understood(OnDemandMode, read_object(await request.body()))
        if desk.on_demand is None:
            return JSONResponse({"error": NEVER}, status_code=404)
        desk.on_demand.switch(wanted.on)
        return JSONResponse({"revision": desk.store.current.revision, **desk.on_demand.status()})
