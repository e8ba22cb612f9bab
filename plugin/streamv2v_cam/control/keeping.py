"""The routes of the person's looks: keep, rename, number, copy, delete, export, import; and what each looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from streamv2v.errors import ControlError

from ..errors import LookClash, LookError
from ..looks import Look, sample_of
from .answers import JSONResponse
from .bodies import BadBody, ChangedLook, CopiedLook, ImportedLooks, SavedLook, read_object, understood
from .changing import takes
from .limits import Limits
from .report import Desk, told

TOO_MANY = "Too many changes of looks at once; wait a moment."
FILE_NAME = "streamv2v-looks.toml"

Result = TypeVar("Result")


def add_looks(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """The list of looks, their pictures, and every change of them."""
    _add_reading(app, desk)
    _add_keeping(app, desk, limits)
    _add_files(app, desk, limits)


def _add_reading(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/looks", summary="The looks, by number and name")
    async def looks() -> JSONResponse:
        return JSONResponse([_shown(desk, look) for look in desk.looks])

    @app.get("/api/looks/{name}/thumbnail", summary="A small JPEG: your picture in a look, or a sample")
    async def thumbnail(name: str) -> Response:
        look = desk.looks.get(name)
        jpeg = desk.thumbnails.get(look.name) or sample_of(look)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def _add_keeping(app: FastAPI, desk: Desk, limits: Limits) -> None:
    @app.post("/api/looks", summary="Keep the current setting as a look", openapi_extra=takes(SavedLook))
    async def save(request: Request) -> JSONResponse:
        wanted = understood(SavedLook, read_object(await request.body()))
        live = desk.store.current.controls

        def keep() -> Look:
            with desk.store.pictures.saving(live) as kept:
                return desk.shelf.keep(kept, wanted.title, name=wanted.name, replace=wanted.replace)

        look = await _done(limits, keep)
        now = desk.store.apply({}, look=look.name)
        return JSONResponse({**told(now), "number": desk.looks.numbers.get(look.name), "title": look.title})

    @app.patch("/api/looks/{name}", summary="Rename a look, or give it a number", openapi_extra=takes(ChangedLook))
    async def change(request: Request, name: str) -> JSONResponse:
        wanted = understood(ChangedLook, read_object(await request.body()))
        if wanted.title is None and wanted.number is None:
            raise ControlError("body", None, "a title, a number or both")
        return _answer(desk, await _done(limits, lambda: _changed(desk, name, wanted)))

    @app.delete("/api/looks/{name}", summary="Delete a look of your own")
    async def delete(name: str) -> JSONResponse:
        return _answer(desk, await _done(limits, lambda: desk.shelf.delete(desk.looks.get(name).name)))

    @app.post("/api/looks/{name}/copy", summary="Copy a look", openapi_extra=takes(CopiedLook))
    async def copy(request: Request, name: str) -> JSONResponse:
        wanted = understood(CopiedLook, read_object(await request.body()))
        return _answer(desk, await _done(limits, lambda: desk.shelf.duplicate(name, wanted.title)))


def _add_files(app: FastAPI, desk: Desk, limits: Limits) -> None:
    @app.get("/api/looks/file", summary="All looks of your own as a file")
    async def export_all() -> Response:
        return _file(desk.shelf.exported(), FILE_NAME)

    @app.get("/api/looks/{name}/file", summary="One look as a file")
    async def export(name: str) -> Response:
        look = desk.looks.get(name)
        return _file(desk.shelf.exported([look.name]), f"{look.name}.toml")

    @app.post("/api/looks/file", summary="Take in the looks of a file", openapi_extra=takes(ImportedLooks))
    async def take_in(request: Request) -> JSONResponse:
        wanted = understood(ImportedLooks, read_object(await request.body()))
        try:
            done = await _done(limits, lambda: desk.shelf.import_text(wanted.text, same_title=wanted.same_title))
        except LookClash:
            raise
        except LookError as error:
            raise BadBody(422, str(error)) from error
        counted = {"added": done.added, "replaced": done.replaced, "skipped": done.skipped, "told": done.told}
        return JSONResponse({"revision": desk.store.current.revision, **counted})


def _changed(desk: Desk, name: str, wanted: ChangedLook) -> Look:
    look = desk.looks.get(name)
    if wanted.title is not None:
        look = desk.shelf.rename(look.name, wanted.title)
    if wanted.number is not None:
        look = desk.shelf.renumber(look.name, wanted.number)
    return look


async def _done(limits: Limits, change: Callable[[], Result]) -> Result:
    """A change of the file, in a thread.

    Raises:
        BadBody: too many at once.
        LookError, ControlError: it was refused.
    """
    if not limits.saving.take():
        raise BadBody(429, TOO_MANY)
    return await run_in_threadpool(change)


def _shown(desk: Desk, look: Look) -> dict[str, Any]:
    own = look.name in desk.thumbnails
    return {
        "number": desk.looks.numbers.get(look.name),
        **look.as_dict(),
        "origin": "shipped" if look.is_shipped else "yours",
        "picture": "yours" if own else "sample",
        "picture_version": desk.picture_version(look.name),
    }


def _answer(desk: Desk, look: Look) -> JSONResponse:
    number = desk.looks.numbers.get(look.name)
    told_of = {"name": look.name, "title": look.title, "number": number}
    return JSONResponse({"revision": desk.store.current.revision, **told_of})


def _file(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/toml", headers=headers)
