"""The route of the LoRAs that may be put on; putting one on is a change of the live value `loras`, by its name."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from .answers import JSONResponse
from .report import Desk


def add_loras(app: FastAPI, desk: Desk) -> None:
    """Which LoRAs there are, with the words they have learned, and which are on."""

    @app.get("/api/loras", summary="The LoRAs that may be put on")
    async def loras() -> JSONResponse:
        folder = desk.store.loras
        found = await run_in_threadpool(folder.files)
        on = dict(desk.store.current.controls.loras)
        listed = [{**asdict(file), "scale": on.get(file.name)} for file in found]
        return JSONResponse({"rests": folder.rests, "loras": listed})
