"""`streamv2v-cam doctor`: what stands in the way, what it means, what to do; one file for a bug report."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .options import option
from .tables import print_json

COLOURS = {"error": typer.colors.RED, "warning": typer.colors.YELLOW, "note": typer.colors.BLUE}


def doctor(
    as_json: Annotated[bool, option("--json", help="As JSON.")] = False,
    bundle: Annotated[
        Path | None, option("--bundle", metavar="FILE", help="Also write one file for a bug report, without secrets.")
    ] = None,
    with_prompts: Annotated[
        bool, option("--with-prompts", help="With --bundle: leave prompts and names of looks in it.")
    ] = False,
    quick: Annotated[bool, option("--quick", help="Try nothing out: no engine, no camera, no OBS.")] = False,
    config: options.Config = None,
) -> None:
    """Look at everything the program needs, and say what to do about what is missing.

    Exit code 0 is nothing in the way, 3 a warning, 4 an error.
    """
    from ..doctor import examine
    from ..doctor.examination import case_of
    from ..doctor.machine import Machine

    if with_prompts and bundle is None:
        raise typer.BadParameter("--with-prompts belongs to --bundle.")
    from ..system.paths import home_path

    named = home_path(config) if config else None
    if sys.stderr.isatty() and not quick:
        typer.echo("Looking; the engine and the camera are tried out, which takes some seconds ...", err=True)
    report = examine(case_of(Machine(), config=named, deep=not quick))
    if as_json:
        print_json(report.as_dict())
    else:
        from ..doctor.words import report_lines

        coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        for line in report_lines(report, width=min(shutil.get_terminal_size((100, 24)).columns, 110)):
            mark = next((mark for mark in COLOURS if line.startswith(f"  {mark} ")), None)
            typer.secho(line, fg=COLOURS[mark] if coloured and mark else None)
    if bundle is not None:
        from ..doctor.bundle import write_bundle

        written = write_bundle(home_path(bundle), report, with_prompts=with_prompts)
        typer.echo(f"{written}: look into it before you send it; it is an ordinary zip.", err=True)
    raise typer.Exit(report.worst.exit_code)
