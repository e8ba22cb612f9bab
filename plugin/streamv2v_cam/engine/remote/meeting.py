"""The host's side of pairing: one conversation with a server that it has never met."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import socket
import ssl
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from ...errors import EngineError
from .address import ServerAddress
from .certificate import fingerprint, unknown_context
from .pairing import KnownServers, code_letters, proof

ANSWER_S = 20.0


def pair(address: ServerAddress, typed: str, known: KnownServers, *, name: str = "") -> str:
    """Prove the code to each other, and keep certificate and token; returns the certificate's fingerprint.

    Args:
        typed: the code, as it was typed.
        known: where they are kept.
        name: of this machine, as the server will show it.

    Raises:
        SettingsError: the code is none, or they cannot be kept.
        EngineError: the server does not answer, does not accept the code, or is not who it says.
    """
    letters = code_letters(typed)
    try:
        der, both, answer = asyncio.run(asyncio.wait_for(_talk(address, letters, name), ANSWER_S))
    except InvalidStatus as error:
        raise EngineError(
            f"{address} shows no code just now (it answered {error.response.status_code}). "
            "There: streamv2v-cam serve --pair"
        ) from error
    except (OSError, WebSocketException, ValueError, KeyError, TimeoutError) as error:
        raise EngineError(f"No engine server answers at {address} ({_words(error)}).") from error
    seen = fingerprint(der)
    if answer.get("refused"):
        raise EngineError(
            f"{address} did not accept the code. It holds for ten minutes, for one machine and five tries; "
            "there, streamv2v-cam serve --pair shows a new one."
        )
    if not hmac.compare_digest(str(answer.get("proof")), proof(letters, both, "server", seen)):
        raise EngineError(f"Who answers at {address} does not know the code. Nothing was kept.")
    known.add(address, ssl.DER_cert_to_PEM_cert(der), str(answer["token"]))
    return seen


async def _talk(address: ServerAddress, letters: str, name: str) -> tuple[bytes, str, dict[str, Any]]:
    """The certificate that was seen (DER), the salt of both sides, the server's answer."""
    async with connect(address.url("pair"), ssl=unknown_context(), proxy=None, compression=None) as line:
        der = line.transport.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
        salt = secrets.token_hex(16)
        both = f"{json.loads(await line.recv())['salt']}{salt}"[:128]
        shown = proof(letters, both, "host", fingerprint(der))
        await line.send(json.dumps({"salt": salt, "name": name or socket.gethostname(), "proof": shown}))
        return der, both, dict(json.loads(await line.recv()))


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
