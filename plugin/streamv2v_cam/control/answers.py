"""Answers as JSON. What is no text, as a file's name in another coding, costs a sign and never the answer."""

from __future__ import annotations

import json
from typing import Any

from fastapi import responses


def as_json(content: Any) -> bytes:
    """JSON in UTF-8; "?" stands for what UTF-8 cannot say.

    Raises:
        ValueError: a number that is none.
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


class JSONResponse(responses.JSONResponse):
    """An answer of the API."""

    def render(self, content: Any) -> bytes:
        """See `as_json`."""
        return as_json(content)
