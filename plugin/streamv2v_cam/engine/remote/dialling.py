"""From the name of a server to a line: where it is, who is let in by it, and what to do while it does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from streamv2v.errors import ModelError

from ..child import EngineEnd
from .address import Dial, ServerAddress
from .certificate import fingerprint_of, pinned_context
from .discovery import servers_around
from .known import known_servers
from .line import EventLoop, Line
from .server import ENGINE_PATH, LARGEST_MESSAGE, PING_S, SILENT_S

AGAIN_S = 1.0
BEAT_S = 0.05
REFUSALS = (401, 403)
"""What a closed door answers: a server's own, and that of a fleet's proxy."""
WITHOUT_END = {"X-Request-Timeout-Seconds": "0"}
"""To a fleet's proxy a line is one request, which a cluster may limit to seconds."""


@dataclass(frozen=True)
class Place:
    """A server to try: where it is, the certificate that it must show (PEM), and the token that it knows us by."""

    address: ServerAddress
    certificate: str
    token: str


def dialled(end: EngineEnd, dial: Dial, events: EventLoop) -> tuple[ServerAddress, Line]:
    """A line to a server, tried for as long as it takes.

    Raises:
        ModelError: the server that was named does not know this machine, or is another one.
        SettingsError: this machine was never paired with it.
    """
    while True:
        why = "no paired engine server is found in this network"
        for place in _places(end, dial):
            end.progress(f"asking {place.address} for an engine")
            try:
                return place.address, events.run(_open(place, events))
            except Exception as error:
                why = (
                    f"{place.address} does not answer ({_why_not(place.address, error, one_of_many=not dial.address)})"
                )
        wait(end, f"{why}; trying again")


def wait(end: EngineEnd, why: str) -> None:
    """Say why there is no engine yet, and stay alive for a moment."""
    until_s = time.monotonic() + AGAIN_S
    end.progress(why)
    while time.monotonic() < until_s and not end.memory.stop:
        end.memory.beat()
        time.sleep(BEAT_S)


def _places(end: EngineEnd, dial: Dial) -> Iterator[Place]:
    known = known_servers()
    if dial.address is not None:
        yield Place(dial.address, *known.of(dial.address))
        return
    met = [Place(*one) for one in known.all()]
    end.progress("looking for an engine server in this network")
    prints = {place: fingerprint_of(place.certificate) for place in met}
    for found in servers_around():
        for place, fingerprint in prints.items():
            if found.shows(fingerprint):
                yield from (Place(address, place.certificate, place.token) for address in found.addresses)
    yield from met  # where they were last: a network may carry no announcements


def _why_not(address: ServerAddress, error: Exception, *, one_of_many: bool) -> str:
    refusal = None
    if isinstance(error, InvalidStatus):
        if error.response.status_code not in REFUSALS:
            return f"it answered {error.response.status_code}"
        refusal = (
            f"{address} does not know this machine any more. There: streamv2v-cam serve --pair; "
            f"here: streamv2v-cam pair {address} CODE"
        )
    elif "CERTIFICATE_VERIFY_FAILED" in str(error):
        refusal = (
            f"Who answers at {address} is not the server that this machine was paired with. If it was set up "
            f"anew: streamv2v-cam pair {address} CODE"
        )
    if refusal is None:
        return " ".join(str(error).split())[:160] or type(error).__name__
    if one_of_many:
        return refusal
    raise ModelError(refusal) from error


async def _open(place: Place, events: EventLoop) -> Line:
    socket = await connect(
        place.address.url(ENGINE_PATH),
        ssl=pinned_context(place.certificate),
        additional_headers={"Authorization": f"Bearer {place.token}", **WITHOUT_END},
        proxy=None,
        compression=None,
        max_size=LARGEST_MESSAGE,
        open_timeout=5,
        ping_interval=PING_S,
        ping_timeout=SILENT_S,
    )
    line = Line(socket, events)
    line.pumping = asyncio.ensure_future(line.pump())
    return line
