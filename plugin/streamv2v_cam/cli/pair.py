"""`streamv2v-cam pair`: meeting an engine server, by its code, by its picture, or first of all finding it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .options import option

if TYPE_CHECKING:
    from ..engine.remote.address import ServerAddress
    from ..engine.remote.discovery import FoundServer

SCAN_S = 60.0

_Address = Annotated[
    str | None,
    typer.Argument(metavar="ADDRESS", help="Of the server, like gpu-pc or gpu-pc:8770; without: lists those around."),
]
_Code = Annotated[str | None, typer.Argument(metavar="CODE", help="As `serve` shows it there.")]
_Name = Annotated[str | None, option("--name", help="What the server calls this machine.")]
_Scan = Annotated[bool, option("--scan", help="Read address and code with the camera from the server's screen.")]
_Source = Annotated[
    str | None, option("--source", "-i", help="The camera for --scan, by name or number; or a picture.")
]


def pair(
    address: _Address = None,
    code: _Code = None,
    name: _Name = None,
    scan: _Scan = False,
    source: _Source = None,
    as_json: options.Json = False,
) -> None:
    """Meet an engine server once: its code makes sure that it is the one you mean.

    Without an address: which servers this network has.
    """
    from ..errors import SettingsError

    if scan:
        _meet_scanned(source, name)
    elif address is None:
        _list(as_json)
    elif code is None:
        raise SettingsError(
            f"The code of {address} is missing. There, `streamv2v-cam serve --pair` shows it; "
            f"here: streamv2v-cam pair {address} CODE"
        )
    else:
        _meet(_places(address), code, name)


def _places(address: str) -> Iterator[ServerAddress]:
    """Where a server may be: at its address, or where one that announces that name says it is.

    Whoever says so is met by the code alone, which shows whether it is the one that is meant.
    """
    from ..engine.remote.address import server_address
    from ..engine.remote.discovery import servers_around

    yield server_address(address)
    if not set(address) & set(":./"):
        for found in servers_around():
            if found.name.casefold() == address.strip().casefold():
                yield from found.addresses


def _meet(places: Iterable[ServerAddress], code: str, name: str | None) -> None:
    from ..engine.remote.known import known_servers
    from ..engine.remote.meeting import pair as meet
    from ..errors import EngineError

    refusal: EngineError | None = None
    for place in places:
        try:
            seen = meet(place, code, known_servers(), name=name or "")
        except EngineError as error:
            refusal = refusal or error
            continue
        typer.echo(f"Paired with {place} (certificate {seen[:16]}). Now: streamv2v-cam run --engine {place}")
        return
    assert refusal is not None
    raise refusal


def _meet_scanned(source: str | None, name: str | None) -> None:
    from ..engine.remote.invitation import scanned
    from ..run.inputs import opener
    from ..settings import load_settings

    capture = load_settings({"capture.source": source or "camera"}).capture
    opened = opener(capture, say=lambda line: typer.echo(line, err=True))()
    try:
        typer.echo("hold the code on the server's screen before the camera", err=True)
        found = scanned(opened, within_s=SCAN_S)
    finally:
        opened.close()
    _meet(found.addresses, found.code, name)


def _list(as_json: bool) -> None:
    from ..engine.remote.discovery import servers_around
    from ..engine.remote.known import known_servers
    from .tables import print_json, print_table

    found, prints = servers_around(), known_servers().fingerprints()

    def paired(server: FoundServer) -> bool:
        return any(server.shows(one) for one in prints)

    if as_json:
        print_json(
            [
                {
                    "name": server.name,
                    "addresses": [str(address) for address in server.addresses],
                    "version": server.version,
                    "paired": paired(server),
                }
                for server in found
            ]
        )
    elif found:
        rows = [
            (server.name, ", ".join(map(str, server.addresses)), server.version, "yes" if paired(server) else "no")
            for server in found
        ]
        print_table(("server", "address", "version", "paired"), rows)
        typer.echo(
            "Pair with one: streamv2v-cam pair ADDRESS CODE; there, `streamv2v-cam serve --pair` shows the code."
        )
    else:
        typer.echo(
            "No engine server has announced itself in this network. Start one there: streamv2v-cam serve. "
            "Its address works where announcements do not pass: streamv2v-cam pair ADDRESS CODE"
        )
