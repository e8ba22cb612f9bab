"""The command line: `streamv2v-cam run | translate | looks | doctor | ...`; `--help` lists all.

Every refusal is one line on stderr and exit code 2; a traceback appears only with --debug, else in the log.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from streamv2v.errors import StreamV2VError

from .. import __version__
from ..errors import CamError
from ..system.ownership import remedy
from . import EXIT_INTERRUPTED, cameras, config, doctor, looks, loras, models, obs, pair, run, serve, token, translate

EXIT_REFUSED = 2
EXIT_BROKEN = 1

app = typer.Typer(
    name="streamv2v-cam",
    help="A live video translator that is a camera: your webcam in, any look you can describe out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("translate")(translate.translate)
app.command("cameras")(cameras.cameras)
app.command("loras")(loras.loras)
app.add_typer(models.app, name="models")
app.add_typer(looks.app, name="looks")
app.add_typer(config.app, name="config")
app.add_typer(token.app, name="token")
app.add_typer(obs.app, name="obs")
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
app.command("pair")(pair.pair)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"streamv2v-cam {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code.

    0 is done, 2 a refusal (one line on stderr), 130 a translation stopped by the person, 1 a fault of the program.
    """
    for stream in (sys.stdout, sys.stderr):
        # an old code page shows a "?" for what it does not have
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    sys.exit(_outcome(list(arguments)))


def _outcome(arguments: list[str]) -> int:
    try:
        return int(app(arguments, prog_name="streamv2v-cam", standalone_mode=False) or 0)
    except typer.TyperException as refusal:
        _say(refusal.format_message())
    except (CamError, StreamV2VError) as refusal:
        _keep_traceback(refusal)
        _say(str(refusal))
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain once more while it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_BROKEN
    except (KeyboardInterrupt, typer.Abort):
        # the second is Ctrl-C, or the end of the input, at a question
        return EXIT_INTERRUPTED
    except OSError as refusal:
        _keep_traceback(refusal)
        named = f"{refusal.filename}: " if refusal.filename else ""
        _say(f"{named}{refusal.strerror or refusal}.{remedy(refusal)}")
    except Exception as fault:
        _keep_traceback(fault)
        _say(f"the program has a fault ({type(fault).__name__}: {fault}). Please report it; --debug shows where it is.")
        return EXIT_BROKEN
    return EXIT_REFUSED


def _say(message: str) -> None:
    """One line on stderr, red where colours are shown."""
    line = "error: " + " ".join(message.split())
    coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    with contextlib.suppress(OSError):  # nobody is there to read it
        typer.secho(line, err=True, fg=typer.colors.RED if coloured else None)


def _keep_traceback(error: BaseException) -> None:
    """Into the log file, and onto stderr with --debug; before logging is set up, nowhere."""
    logging.getLogger("streamv2v_cam").debug("stopped by %s", type(error).__name__, exc_info=error)
