"""The routes of the first run: what is asked, what each camera sees, and the answers."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import Field

from ..errors import SettingsError
from .answers import JSONResponse
from .bodies import Body, read_object, understood
from .changing import takes
from .limits import Limits
from .pictures import NOT_IN_LAN, is_near
from .report import Desk

NOTHING = {"wanted": False, "cameras": [], "models": [], "obs": False}
OVER = "Nothing is asked any more: there is a settings file."


class Welcome(Protocol):
    """The questions of the first run."""

    @property
    def wanted(self) -> bool:
        """Whether anything is asked."""
        ...

    def questions(self) -> dict[str, Any]:
        """wanted, cameras, models, obs; takes up to a second."""
        ...

    def thumbnail(self, id: str, /) -> bytes | None:
        """A small JPEG of what a camera sees; None where it gives no picture."""
        ...

    def answer(self, *, camera: str | None, model: str | None, obs: bool | None) -> list[str]:
        """Keep the answers; what comes of it, a sentence each.

        Raises:
            SettingsError: they cannot be kept.
        """
        ...


class Answers(Body):
    """The answers to the three questions; what is left out stays as it is."""

    camera: Annotated[str, Field(min_length=1, max_length=40, description="id of a camera, or presenter")] | None = None
    model: Annotated[str, Field(min_length=1, max_length=200, description="id of a model on offer")] | None = None
    obs: Annotated[bool, Field(description="start the OBS process with the program from now on")] | None = None


def add_welcome(app: FastAPI, desk: Desk, limits: Limits, *, lan_picture: bool) -> None:
    """Three questions, once; what cameras see goes where the live picture may go."""

    @app.get("/api/welcome", summary="What is asked at the first run")
    async def questions() -> JSONResponse:
        return JSONResponse(await run_in_threadpool(desk.welcome.questions) if desk.welcome else NOTHING)

    @app.get("/api/welcome/cameras/{id}", summary="A small JPEG of what a camera sees, while it is asked for")
    async def thumbnail(request: Request, id: str) -> Response:
        if desk.welcome is None or not desk.welcome.wanted:
            return JSONResponse({"error": OVER}, status_code=404)
        if not (lan_picture or is_near(request)):
            return JSONResponse({"error": NOT_IN_LAN}, status_code=403)
        if desk.source_preview is None:
            return JSONResponse({"error": "The picture is left out (--no-preview)."}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": "Too many pictures at once; wait a moment."}, status_code=429)
        jpeg = await run_in_threadpool(desk.welcome.thumbnail, id)
        if jpeg is None:
            return JSONResponse({"error": "That camera gives no picture."}, status_code=404)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @app.post("/api/welcome", summary="The answers; none of them passes over it for good", openapi_extra=takes(Answers))
    async def answer(request: Request) -> JSONResponse:
        given = understood(Answers, read_object(await request.body()))
        if desk.welcome is None or not desk.welcome.wanted:
            return JSONResponse({"error": OVER}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": "Too many changes at once; wait a moment."}, status_code=429)
        try:
            told = await run_in_threadpool(
                lambda: desk.welcome and desk.welcome.answer(camera=given.camera, model=given.model, obs=given.obs)
            )
        except SettingsError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse({"told": told, "revision": desk.store.current.revision})
