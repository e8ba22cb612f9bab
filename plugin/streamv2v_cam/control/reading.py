"""How a prompt is read, for who is still writing it: counted, and looked through for what is not there."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from streamv2v.controls import PROMPT_LIMIT

from .answers import JSONResponse
from .bodies import Body, read_object, understood
from .changing import takes
from .report import Desk


class WrittenPrompt(Body):
    """A prompt that is not on air, or not yet."""

    prompt: Annotated[str, Field(max_length=4 * PROMPT_LIMIT, description="as it stands in the box")]


def add_prompt_reading(app: FastAPI, desk: Desk) -> None:
    """Tokens, chunks, embeddings and LoRAs of a prompt."""

    @app.post("/api/prompt", summary="How a prompt is read; changes nothing", openapi_extra=takes(WrittenPrompt))
    async def read(request: Request) -> JSONResponse:
        wanted = understood(WrittenPrompt, read_object(await request.body()))
        live = desk.store.current.controls
        return JSONResponse(await run_in_threadpool(desk.store.notes.told, " ".join(wanted.prompt.split()), live))
