"""The routes of the catalogue of models: what there is, fetching one by its name, pausing, removing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from ..errors import ModelRefused
from .answers import JSONResponse
from .bodies import Body, read_object, understood
from .changing import takes
from .limits import Limits
from .report import Desk

NONE = "This program has no catalogue of models."
TOO_MANY = "Too many changes at once; wait a moment."


class Catalogue(Protocol):
    """The models that are known by a name; a name is never a path or a hub id."""

    def status(self) -> dict[str, Any] | None:
        """name, state, done_bytes, total_bytes, problem of what is being fetched; None before any."""
        ...

    def listed(self) -> list[dict[str, Any]]:
        """All models with what there is to say of them; takes a moment."""
        ...

    def start(self, name: str, *, accept_licence: bool) -> dict[str, Any]:
        """Fetch one, or go on where it stopped.

        Raises:
            ModelRefused: it is not fetched; says why.
        """
        ...

    def pause(self, name: str, /) -> dict[str, Any]:
        """Stop fetching one.

        Raises:
            ModelRefused: it is not being fetched.
        """
        ...

    def remove(self, name: str, /) -> str:
        """Take one away; what was done, one sentence.

        Raises:
            ModelRefused: it stays; says why.
        """
        ...


class Download(Body):
    """What is asked of a model that is fetched."""

    accept_licence: Annotated[bool, Field(description="its licence was read and is accepted; kept")] = False


class Nothing(Body):
    """No field at all."""


def add_catalogue(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """The models by name, and what is done about those that are not here."""

    async def done(act: Callable[[Catalogue], Any]) -> JSONResponse:
        if desk.catalogue is None:
            return JSONResponse({"error": NONE}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": TOO_MANY}, status_code=429)
        try:
            return JSONResponse(await run_in_threadpool(act, desk.catalogue))
        except ModelRefused as refusal:
            return JSONResponse({"error": str(refusal)}, status_code=422)

    @app.get("/api/models", summary="The models by name: licence, size, whether they are here and fit")
    async def models() -> JSONResponse:
        if desk.catalogue is None:
            return JSONResponse({"models": [], "fetching": None})
        try:
            found = await run_in_threadpool(desk.catalogue.listed)
        except ModelRefused as refusal:
            return JSONResponse({"error": str(refusal)}, status_code=422)
        return JSONResponse({"models": found, "fetching": desk.catalogue.status()})

    @app.post(
        "/api/models/{name}/download",
        summary="Fetch a model, or go on where it stopped",
        openapi_extra=takes(Download),
    )
    async def download(request: Request, name: str) -> JSONResponse:
        wanted = understood(Download, read_object(await request.body()))
        return await done(lambda models: models.start(name, accept_licence=wanted.accept_licence))

    @app.post(
        "/api/models/{name}/pause", summary="Pause fetching a model; what came is kept", openapi_extra=takes(Nothing)
    )
    async def pause(request: Request, name: str) -> JSONResponse:
        understood(Nothing, read_object(await request.body()))
        return await done(lambda models: models.pause(name))

    @app.delete("/api/models/{name}", summary="Remove a model that was fetched, or one of your own from the list")
    async def remove(name: str) -> JSONResponse:
        return await done(lambda models: {"told": models.remove(name)})
