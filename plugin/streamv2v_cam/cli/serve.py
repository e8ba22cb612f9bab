"""`streamv2v-cam serve`: an engine for machines elsewhere."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .options import option

if TYPE_CHECKING:
    from ..engine.remote.discovery import Announcement
    from ..engine.remote.fleet.running import Fleet
    from ..engine.remote.server import EngineServer
    from ..settings.loading import LoadedSettings

_Host = Annotated[str, option("--host", help="Address it listens on.")]
_Port = Annotated[int, option("--port", min=0, max=65535, help="Port it listens on; 0 is any free one.")]
_Engines = Annotated[
    int,
    option("--engines", min=1, max=64, help="Engines at a time, one for each machine it serves; with --ray, replicas."),
]
_Ray = Annotated[bool, option("--ray", help="A fleet on Ray Serve: several machines on one copy of the weights.")]
_Sessions = Annotated[
    int | None, option("--sessions", min=1, max=256, help="With --ray: machines that one replica works for. [4]")
]
_MostEngines = Annotated[
    int | None, option("--most-engines", min=1, help="With --ray: replicas that it may grow to as machines come.")
]
_GpuShare = Annotated[
    float | None,
    option(
        "--gpu-share", min=0.01, max=1, help="With --ray: of a GPU for each replica; without, all share what there is."
    ),
]
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
    ray: _Ray = False,
    sessions: _Sessions = None,
    most_engines: _MostEngines = None,
    gpu_share: _GpuShare = None,
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
    prompts and controls. With --ray it is a fleet, here or on the cluster that RAY_ADDRESS names. Ctrl-C stops it.
    """
    given = {name: value for name, value in locals().items() if name not in ("host", "port")}
    from ..engine.asked import check_asked
    from ..engine.remote.discovery import announced
    from ..settings import default_config_path
    from ..system.logs import set_up_logging
    from ..system.paths import home_path
    from ..system.stopping import terminate_as_interrupt

    folder = (home_path(config) if config else default_config_path()).parent / "serve"
    if forget is not None:
        _forget(forget, folder)
        return
    set_up_logging(verbose=verbose, debug=debug)
    loaded = options.settings_from(given, draws=True)
    engine = loaded.engine
    check_asked(loaded.stream_config())
    fleet = {"sessions": sessions, "most_replicas": most_engines, "gpu_share": gpu_share}
    fleet = {name: value for name, value in fleet.items() if value is not None}
    if fleet and not ray:
        raise typer.BadParameter("--sessions, --most-engines and --gpu-share are for a fleet. Add --ray.")
    if ray and not port:
        raise typer.BadParameter("A fleet listens on a port that is named: give --port a number above 0.")
    with terminate_as_interrupt():
        if ray:
            server: EngineServer | Fleet = _fleet(loaded, folder, host, port, replicas=engines, **fleet)
        else:
            server = _server(loaded, folder, host, port, engines)
        # Ray takes SIGTERM to itself when it starts
        with terminate_as_interrupt():
            _serve(server, pair, announced(server.port, server.fingerprint, host) if engine.announce else None)


def _serve(server: EngineServer | Fleet, pair: bool, announcement: Announcement | None) -> None:
    """Until it is told to stop."""
    from ..system.stopping import rest

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


def _server(loaded: LoadedSettings, folder: Path, host: str, port: int, engines: int) -> EngineServer:
    from ..engine.heartbeat import Patience
    from ..engine.remote.server import EngineServer

    engine = loaded.engine
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
    return server


def _fleet(loaded: LoadedSettings, folder: Path, host: str, port: int, **numbers: Any) -> Fleet:
    from streamv2v.tuning.autotune import usable_cores

    from ..engine.remote.fleet.running import Fleet, plan_for

    typer.echo("starting Ray and the replicas", err=True)
    most = max(numbers["replicas"], numbers.get("most_replicas", 1))
    threads = loaded.engine.threads or max(1, usable_cores() // most)
    plan = plan_for(loaded.stream_config(), folder, threads=threads, **numbers)
    return Fleet(plan, host=host, port=port)


def _tell(server: EngineServer | Fleet, wanted: bool) -> None:
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
