"""`streamv2v-cam serve` and `pair`: an engine for machines elsewhere, and meeting one."""

from __future__ import annotations

import socket
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
_Name = Annotated[str | None, option("--name", help="What the server calls this machine.")]


def serve(
    host: _Host = "0.0.0.0",
    port: _Port = 8770,
    engines: _Engines = 1,
    pair: _Pair = False,
    forget: _Forget = None,
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
        try:
            _tell(server, pair)
            while True:
                rest(0.5)
        except KeyboardInterrupt:
            typer.echo("stopping", err=True)
        finally:
            server.stop()


def pair(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of the server, like gpu-pc or gpu-pc:8770.")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="As `serve` shows it there.")],
    name: _Name = None,
) -> None:
    """Meet an engine server once: its code makes sure that it is the one you mean."""
    from ..engine.remote.address import server_address
    from ..engine.remote.known import known_servers
    from ..engine.remote.meeting import pair as meet

    server = server_address(address)
    seen = meet(server, code, known_servers(), name=name or "")
    typer.echo(f"Paired with {server} (certificate {seen[:16]}). Now: streamv2v-cam run --engine {server}")


def _tell(server: EngineServer, wanted: bool) -> None:
    names = server.hosts.names()
    typer.echo(f"engine server: wss://{socket.gethostname()}:{server.port}", err=True)
    typer.echo(f"lets in: {', '.join(names) or 'nobody yet'}", err=True)
    if wanted or not names:
        code = server.code.open()
        typer.echo(f"code: {code}, for ten minutes and one machine. There:", err=True)
        typer.echo(f"  streamv2v-cam pair {socket.gethostname()}:{server.port} {code}", err=True)


def _forget(name: str, folder: Path) -> None:
    from ..engine.remote.pairing import PairedHosts
    from ..errors import SettingsError

    hosts = PairedHosts(folder)
    if not hosts.forget(name):
        raise SettingsError(f"No machine called {name!r} is paired. There are: {', '.join(hosts.names()) or 'none'}.")
    typer.echo(f"{name} is let in no more.")
