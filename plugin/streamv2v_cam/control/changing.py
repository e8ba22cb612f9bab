"""The routes that change something: controls, commands, looks, the source, and what OBS says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from streamv2v.errors import ControlError

from ..errors import LookClash, LookError, ModelRefused, SinkError, SourceError
from .acting import acted, applied
from .answers import JSONResponse
from .bodies import (
    BadBody,
    Body,
    ChosenSource,
    Command,
    ObsState,
    Ticket,
    controls_schema,
    read_object,
    refusal,
    understood,
)
from .guard import TICKET_PATH
from .limits import Limits
from .report import Desk, told

Redeem = Callable[[str], str | None]


def add_refusals(app: FastAPI) -> None:
    """What each kind of refusal is answered with."""

    @app.exception_handler(ControlError)
    async def refused(_: Request, error: ControlError) -> JSONResponse:
        return JSONResponse(refusal(error), status_code=422)

    @app.exception_handler(BadBody)
    async def bad(_: Request, error: BadBody) -> JSONResponse:
        return JSONResponse({"error": error.reason}, status_code=error.status)

    @app.exception_handler(LookError)
    async def unknown(_: Request, error: LookError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=404)

    @app.exception_handler(SinkError)
    async def no_sink(_: Request, error: SinkError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=507)

    @app.exception_handler(LookClash)
    async def clash(_: Request, error: LookClash) -> JSONResponse:
        told_of = {"field": error.field, "look": error.look}
        return JSONResponse({"error": str(error), **{key: text for key, text in told_of.items() if text}}, 409)

    @app.exception_handler(ModelRefused)
    async def no_model(_: Request, error: ModelRefused) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=409)

    @app.exception_handler(SourceError)
    async def no_source(_: Request, error: SourceError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=404)


def takes(schema: dict[str, Any] | type[Body]) -> dict[str, Any]:
    """The part of a route's description that says what its body is."""
    if isinstance(schema, type):
        schema = schema.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def add_changes(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """Controls, commands, and what OBS says."""

    @app.patch("/api/controls", summary="Change live values", openapi_extra=takes(controls_schema()))
    async def patch(request: Request) -> JSONResponse:
        return JSONResponse(told(await applied(read_object(await request.body()), desk.store)))

    @app.post("/api/commands", summary="Carry out a command", openapi_extra=takes(Command))
    async def command(request: Request) -> JSONResponse:
        wanted = understood(Command, read_object(await request.body()))
        now = await acted(wanted, desk.store, lambda: desk.looks, desk.recorder)
        return JSONResponse({**told(now), **({"recording": desk.recorder.status()} if desk.recorder else {})})

    @app.post("/api/obs/state", summary="Tell how OBS is", openapi_extra=takes(ObsState))
    async def obs_state(request: Request) -> JSONResponse:
        news = understood(ObsState, read_object(await request.body()))
        taken = not desk.obs.tell(news.model_dump(exclude={"hand", "obs"}), hand=news.hand, obs=news.obs)
        return JSONResponse({"revision": desk.store.current.revision, "taken": taken})

    _add_source(app, desk, limits)


def _add_source(app: FastAPI, desk: Desk, limits: Limits) -> None:
    @app.post("/api/source", summary="Go over to another source", openapi_extra=takes(ChosenSource))
    async def switch(request: Request) -> JSONResponse:
        wanted = understood(ChosenSource, read_object(await request.body()))
        if desk.sources is None:
            return JSONResponse({"error": "The source of this program is fixed."}, status_code=404)
        if not limits.saving.take():
            return JSONResponse({"error": "Too many changes of source; wait a moment."}, status_code=429)
        chosen = await run_in_threadpool(desk.sources.switch, wanted.id)
        return JSONResponse({"revision": desk.store.current.revision, "id": chosen.id, "title": chosen.title})


def add_ticket(app: FastAPI, redeem: Redeem) -> None:
    """Where the page that the program opened itself gets the token: once, for its ticket."""

    @app.post(TICKET_PATH, include_in_schema=False)
    async def exchange(request: Request) -> JSONResponse:
        wanted = understood(Ticket, read_object(await request.body()))
        token = redeem(wanted.ticket)
        if token is None:
            return JSONResponse({"error": "This ticket is not valid (any more)."}, status_code=401)
        return JSONResponse({"token": token})
