"""The server's side of pairing: one conversation with a host that it has never met."""

from __future__ import annotations

import json
import logging
import secrets
from typing import Protocol

from .line import Line, LineClosed

ANSWER_S = 20

log = logging.getLogger(__name__)


class Code(Protocol):
    """What checks a code; an `OpenCode` is one."""

    def answer(self, salt: str, given: str, fingerprint: str, /) -> str | None: ...


class Hosts(Protocol):
    """What keeps hosts; `PairedHosts` are."""

    def add(self, name: str, /) -> str: ...


def let_in(line: Line, code: Code, hosts: Hosts, fingerprint: str) -> None:
    """Hear the proof of a host, and give it the server's and a token where it is right.

    Args:
        fingerprint: of the server's certificate.
    """
    try:
        salt = secrets.token_hex(16)
        line.send(json.dumps({"salt": salt}))
        asked = json.loads(line.recv(ANSWER_S))
        name = "".join(letter for letter in str(asked["name"]) if letter.isprintable())[:64] or "a host"
        answer = code.answer(f"{salt}{asked['salt']}"[:128], str(asked["proof"]), fingerprint)
        if answer is None:
            log.warning("%r offered a wrong code", name)
            line.send(json.dumps({"refused": True}))
        else:
            line.send(json.dumps({"proof": answer, "token": hosts.add(name)}))
            log.info("%r is paired now", name)
    except (ValueError, KeyError, TypeError, LineClosed, TimeoutError):
        return
