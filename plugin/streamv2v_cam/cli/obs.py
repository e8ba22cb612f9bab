"""`streamv2v-cam obs`: hotkeys, scenes and texts of OBS as hands on the controls; set OBS up for it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .anywhere import OptionsAnywhere
from .options import option

if TYPE_CHECKING:
    from ..obs.session import ObsSession
    from ..settings import LoadedSettings

_OBS = "OBS"

Host = Annotated[str | None, option("--host", help="Machine on which OBS runs.", panel=_OBS)]
Port = Annotated[int | None, option("--port", help="Port of OBS's WebSocket server.", panel=_OBS)]
Server = Annotated[str | None, option("--server", help="Address of the running program.", panel=_OBS)]

app = typer.Typer(cls=OptionsAnywhere, help="Control looks from OBS: hotkeys, scenes, texts. Without a command: run.")


@app.callback(invoke_without_command=True)
def obs(
    context: typer.Context,
    host: Host = None,
    port: Port = None,
    server: Server = None,
    settings: options.Set = None,
    config: options.Config = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Control looks from OBS: hotkeys, scenes, texts. Without a command: run until Ctrl-C."""
    from ..system.logs import log_path, set_up_logging

    # a file of its own: Windows cannot rotate one that `run` holds as well
    set_up_logging(verbose=verbose or not with_parent, debug=debug, folder=log_path().parent / "obs")
    given = {"obs.host": host, "obs.port": port, "obs.server": server}
    more = [f"{name}={value}" for name, value in given.items() if value is not None]
    context.obj = options.settings_from({"settings": [*(settings or []), *more], "config": config})
    if context.invoked_subcommand is None:
        _run(context.obj, with_parent=with_parent)


@app.command()
def setup(
    context: typer.Context,
    scene: Annotated[str | None, option("--scene", help="Scene that gets the sources; else the one on air.")] = None,
    picture: Annotated[
        str, option("--picture", help="camera (the virtual camera), stream (the page's picture) or none.")
    ] = "camera",
    device: Annotated[
        str | None, option("--device", help="The camera's device as OBS calls it, such as /dev/video10.")
    ] = None,
) -> None:
    """Add what is needed to a scene of OBS; safe to repeat."""
    from ..obs.errors import ObsError
    from ..obs.host import HostLink
    from ..obs.process import server_address, token_of
    from ..obs.setup import Setup

    if picture not in ("camera", "stream", "none"):
        raise ObsError(f"--picture: {picture!r} was refused; allowed is camera, stream or none.")
    loaded: LoadedSettings = context.obj
    with _session(loaded) as session:
        work = Setup(session, scene)
        work.hotkey_input(str(script_path()))
        if picture == "camera":
            work.camera(device)
        elif picture == "stream":
            work.stream(HostLink(server_address(loaded), token_of(loaded)).get("/api/stream")["air"])
        if loaded.obs.caption_source:
            work.caption(loaded.obs.caption_source)
        if loaded.obs.prompt_source:
            work.prompt_box(loaded.obs.prompt_source)
    typer.echo(f"Scene {work.scene!r} of OBS {session.version}:")
    for line in work.done:
        typer.echo(f"  {line}")
    if not _is_connected(loaded):
        work.to_do.append("Keep `streamv2v-cam obs` running, or use: streamv2v-cam run --obs")
    typer.echo("Still to be done by you:" if work.to_do else "Nothing is left to be done by you.")
    for number, line in enumerate(work.to_do, 1):
        typer.echo(f"  {number}. {line}")


@app.command("sync-audio")
def sync_audio(
    context: typer.Context,
    microphone: Annotated[str | None, option("--input", help="Input of OBS that is held back.")] = None,
    milliseconds: Annotated[int | None, option("--ms", help="That much instead of the measured latency.")] = None,
) -> None:
    """Hold the microphone in OBS back as long as the picture takes."""
    from ..obs import lipsync
    from ..obs.errors import ObsError
    from ..obs.host import HostLink, HostState
    from ..obs.process import server_address, token_of

    loaded: LoadedSettings = context.obj
    if milliseconds is not None and not 0 <= milliseconds <= lipsync.LONGEST_OFFSET_MS:
        raise ObsError(f"--ms: {milliseconds} was refused; allowed is 0 to {lipsync.LONGEST_OFFSET_MS}.")
    if milliseconds is None:
        told: dict[str, Any] = HostLink(server_address(loaded), token_of(loaded)).get("/api/state")
        milliseconds = lipsync.offset_ms(HostState(online=True, telemetry=told["telemetry"]))
    with _session(loaded) as session:
        name = lipsync.microphone(session, microphone or loaded.obs.microphone)
        before_ms = lipsync.set_offset(session, name, milliseconds)
    typer.echo(f"{name} is held back by {milliseconds} ms (before: {before_ms} ms).")


@app.command()
def password(context: typer.Context) -> None:
    """Ask for OBS's password, try it, and keep it in the keyring or in a file that only you can read."""
    from ..obs.errors import ObsError
    from ..obs.password import keep_password
    from ..obs.session import ObsAddress, ObsSession

    loaded: LoadedSettings = context.obj
    typed = typer.prompt("OBS password", hide_input=True, err=True) if sys.stdin.isatty() else _first_line()
    if not typed:
        raise ObsError("No password was given; nothing was changed.")
    ObsSession(ObsAddress(loaded.obs.host, loaded.obs.port, typed)).close()
    typer.echo(f"OBS accepts it. It is kept in {keep_password(loaded, typed)}.")


@app.command()
def script() -> None:
    """Print where the Lua script for OBS is."""
    typer.echo(str(script_path()))


def script_path() -> Path:
    """The Lua script with the hotkeys."""
    return Path(__file__).resolve().parent.parent / "obs" / "streamv2v.lua"


def _run(loaded: LoadedSettings, *, with_parent: bool) -> None:
    from ..obs.process import CHILD_OF_RUN, ObsProcess, stored_or_asked, wait_for_end
    from ..system.stopping import terminate_as_interrupt

    password = stored_or_asked(loaded, None if with_parent else _asked(loaded))
    process = ObsProcess(loaded, password=password, hand=CHILD_OF_RUN if with_parent else "")
    with terminate_as_interrupt():
        process.start()
        try:
            wait_for_end(with_parent=with_parent)
        except KeyboardInterrupt:
            pass
        finally:
            process.stop()


@contextlib.contextmanager
def _session(loaded: LoadedSettings) -> Iterator[ObsSession]:
    """One connection for one command."""
    from ..obs.process import redacting, stored_or_asked
    from ..obs.session import ObsAddress, ObsSession

    secret = redacting(stored_or_asked(loaded, _asked(loaded)))()
    session = ObsSession(ObsAddress(loaded.obs.host, loaded.obs.port, secret))
    try:
        yield session
    finally:
        session.close()


def _is_connected(loaded: LoadedSettings) -> bool:
    """Whether an OBS process speaks to the running program already."""
    from ..errors import CamError
    from ..obs.host import HostLink
    from ..obs.process import server_address, token_of

    try:
        told = HostLink(server_address(loaded), token_of(loaded)).get("/api/state")
    except CamError:
        return False
    return told.get("obs", {}).get("state") == "connected"


def _asked(loaded: LoadedSettings) -> str | None:
    """The password from a prompt, where none is stored, OBS wants one and a person is there; else None."""
    from ..obs.errors import ObsPasswordWrong, ObsUnreachable
    from ..obs.password import stored_password
    from ..obs.session import ObsAddress, ObsSession

    if stored_password(loaded) or not sys.stdin.isatty():
        return None
    try:
        ObsSession(ObsAddress(loaded.obs.host, loaded.obs.port)).close()
    except ObsPasswordWrong:
        return typer.prompt("OBS password", hide_input=True, err=True)
    except ObsUnreachable:
        pass
    return None


def _first_line() -> str:
    return sys.stdin.readline().strip()
