"""The routes of the doctor: what it finds while the program is on air, and its file for a bug report."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from .answers import JSONResponse
from .limits import Limits
from .report import Desk

NOBODY = "This program does not examine itself; streamv2v-cam doctor does it from a terminal."
TOO_MANY = "It was looked at a moment ago; wait a little."
FILE_NAME = "streamv2v-doctor.zip"


class Doctor(Protocol):
    """Looks for what stands in the way of the program."""

    def findings(self) -> dict[str, Any]:
        """worst ("ok" to "error"), counts by severity, and the findings; takes up to some seconds."""
        ...

    def bundle(self) -> bytes:
        """A zip for a bug report, without secrets."""
        ...


def add_checkup(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """What stands in the way, and what to do about it."""

    @app.get("/api/doctor", summary="What stands in the way of the program, and what to do about it")
    async def findings() -> JSONResponse:
        if desk.doctor is None:
            return JSONResponse({"error": NOBODY}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": TOO_MANY}, status_code=429)
        return JSONResponse(await run_in_threadpool(desk.doctor.findings))

    @app.get("/api/doctor/bundle", summary="One file for a bug report, without secrets", response_class=Response)
    async def bundle() -> Response:
        if desk.doctor is None:
            return JSONResponse({"error": NOBODY}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": TOO_MANY}, status_code=429)
        packed = await run_in_threadpool(desk.doctor.bundle)
        headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
        return Response(packed, media_type="application/zip", headers=headers)
