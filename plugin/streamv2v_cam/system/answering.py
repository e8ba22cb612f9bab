"""Asking a port of this machine: is it the program itself that listens there, and what does it say?"""

from __future__ import annotations

import http.client
import json
from typing import Any

LONGEST_ANSWER_S = 3.0


def program_answers(host: str, port: int, *, limit_s: float = LONGEST_ANSWER_S) -> bool:
    """Whether the program itself is what listens there."""
    told = get_json(host, port, "/healthz", "", limit_s=limit_s)
    return isinstance(told, dict) and told.get("ok") is True


def get_json(host: str, port: int, path: str, token: str, *, limit_s: float = LONGEST_ANSWER_S) -> Any:
    """What is answered to one GET, at most a MiB of it; None where nothing is, or no JSON."""
    connection = http.client.HTTPConnection(host, port, timeout=limit_s)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return json.loads(answer.read(1 << 20)) if answer.status == 200 else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
