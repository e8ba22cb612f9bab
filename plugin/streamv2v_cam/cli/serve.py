"""`streamv2v-cam serve`: an engine for machines elsewhere."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .options import option

if TYPE_CHECKING:
    from ..engine.remote.server import EngineServer

_Host = Annotated[str, option("--host", help="Address it listens on.")]
_Port = Annotated[int, option("--port", min=0, max=65535, help="Port it listens on; 0 is any free one.")]
_Engines = Annotated[int, option("--engines", min=1, max=64, help="Engines at a time, one for each machine it serves.")]
_Pair = Annotated[bool, option("--pair", help="Show a code for another machine; without, only where none is paired.")]
_Forget = Annotated[str | None, option("--forget", metavar="NAME", help="Let a machine in no more, and stop.")]
_Announce = Annotated[
    bool | None, option("--announce/--no-announce", help="Let the machines of this network find it by themselves.")
]


def serve(
    host: _Host = "0.0.0.0",
    port: _Port = 8770,
    engines: _Engines = 1,
    pair: _Pair = False,
    forget: _Forget = None,
    announce: _Announce = None,
    model: options.Model = None,
    loras: options.Loras = None,
    vae: options.Vae = None,
    bank: options.Bank = None,
    slots: options.Slots = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    offline: options.Offline = None,
    settings: options.Set = None,
    config: options.Config = None,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Work as the engine of other machines: `streamv2v-cam run --engine THIS-MACHINE` there.

    Only machines that were paired are let in. Model, LoRAs and bank are this machine's; the others send pictures,
    prompts and controls. Ctrl-C stops it.
    """
    given = {name: value for name, value in locals().items() if name not in ("host", "port")}
    from ..engine.asked import check_asked
    from ..engine.heartbeat import Patience
    from ..engine.remote.discovery import announced
    from ..engine.remote.server import EngineServer
    from ..settings import default_config_path
    from ..system.logs import set_up_logging
    from ..system.paths import home_path
    from ..system.stopping import rest, terminate_as_interrupt

    folder = (home_path(config) if config else default_config_path()).parent / "serve"
    if forget is not None:
        _forget(forget, folder)
        return
    set_up_logging(verbose=verbose, debug=debug)
    loaded = options.settings_from(given)
    engine = loaded.engine
    check_asked(loaded.stream_config())
    with terminate_as_interrupt():
        server = EngineServer(
            loaded.stream_config(),
            folder=folder,
            host=host,
            port=port,
            most=engines,
            threads=engine.threads or 0,
            fit=engine.memory == "fit",
            patience=Patience(engine.load_timeout_s, engine.hang_timeout_s),
        )
        server.start()
        announcement = announced(server.port, server.fingerprint, host) if engine.announce else None
        try:
            _tell(server, pair)
            while True:
                rest(0.5)
        except KeyboardInterrupt:
            typer.echo("stopping", err=True)
        finally:
            if announcement is not None:
                announcement.end()
            server.stop()


def _tell(server: EngineServer, wanted: bool) -> None:
    names, machine = server.hosts.names(), socket.gethostname()
    typer.echo(f"engine server: wss://{machine}:{server.port}", err=True)
    typer.echo(f"lets in: {', '.join(names) or 'nobody yet'}", err=True)
    if not wanted and names:
        return
    code = server.code.open()
    typer.echo(f"code: {code}, for ten minutes and one machine. There:", err=True)
    typer.echo(f"  streamv2v-cam pair {machine}:{server.port} {code}", err=True)
    if sys.stderr.isatty():
        from ..engine.remote.address import ServerAddress
        from ..engine.remote.discovery import own_addresses
        from ..engine.remote.invitation import Invitation, drawn

        places = tuple(ServerAddress(place, server.port) for place in (machine, *own_addresses()[:3]))
        typer.echo(
            f"or, with its camera before this: streamv2v-cam pair --scan\n{drawn(str(Invitation(places, code)))}",
            err=True,
        )


def _forget(name: str, folder: Path) -> None:
    from ..engine.remote.pairing import PairedHosts
    from ..errors import SettingsError

    hosts = PairedHosts(folder)
    if not hosts.forget(name):
        raise SettingsError(f"No machine called {name!r} is paired. There are: {', '.join(hosts.names()) or 'none'}.")
    typer.echo(f"{name} is let in no more.")
