"""The route of engines on other machines: which are known or around, and the line that takes or meets one."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from ..errors import SettingsError
from .answers import JSONResponse
from .report import Desk


def add_servers(app: FastAPI, desk: Desk) -> None:
    """The list; going over to one is a start of its own."""

    @app.get("/api/engine/servers", summary="Engines on other machines: those paired with this one, and those around")
    async def servers() -> JSONResponse:
        try:
            found = await run_in_threadpool(desk.servers.around) if desk.servers else ()
        except SettingsError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        return JSONResponse([asdict(server) for server in found])
