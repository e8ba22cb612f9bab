"""The route of the last minutes: figures and events that the run has kept."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import FastAPI, Request

from streamv2v.errors import ControlError

from .answers import JSONResponse
from .report import Desk

NOTHING = "This program keeps no history."
MOST_DIGITS = 12
AFTER = {
    "parameters": [
        {
            "name": "after",
            "in": "query",
            "required": False,
            "description": "number of the last sample that is known already",
            "schema": {"type": "integer", "minimum": 0, "default": 0},
        }
    ]
}


class Past(Protocol):
    """The last minutes of the run."""

    def told(self, after: int = 0, /) -> dict[str, Any]:
        """Samples after that number, as lists by name, and the last events; plain values."""
        ...


def add_history(app: FastAPI, desk: Desk) -> None:
    """What was, for a page that was opened later."""

    @app.get("/api/history", summary="The last ten minutes in figures, and the last ten events", openapi_extra=AFTER)
    async def history(request: Request) -> JSONResponse:
        if desk.history is None:
            return JSONResponse({"error": NOTHING}, status_code=404)
        given = request.query_params.get("after", "0")
        if not (given.isascii() and given.isdecimal() and len(given) <= MOST_DIGITS):
            raise ControlError("after", given, f"a whole number of at most {MOST_DIGITS} digits")
        return JSONResponse(desk.history.told(int(given)))
