"""`streamv2v-cam cameras`: which cameras there are."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import option
from .tables import print_json, print_table


def cameras(as_json: Annotated[bool, option("--json", help="As JSON.")] = False) -> None:
    """List the cameras that --source can name; the program's own virtual camera is left out."""
    from ..capture import list_cameras

    found = list_cameras()
    if as_json:
        print_json([{"index": camera.index, "name": camera.name, "path": camera.path} for camera in found])
    elif found:
        print_table(("number", "name", "path"), [(str(camera.index), camera.name, camera.path) for camera in found])
    else:
        typer.echo("No camera was found. Plug one in, or use the drawn one with --source presenter.")
