"""`streamv2v-cam looks`: list the looks, find or make the file they can be edited in."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import LookError
from . import options
from .options import option
from .tables import print_json, print_table

app = typer.Typer(help="List the looks; make a file of your own.", invoke_without_command=True)


@app.callback()
def looks(
    context: typer.Context,
    model: options.Model = None,
    config: options.Config = None,
    as_json: Annotated[bool, option("--json", help="As JSON.")] = False,
) -> None:
    """List the looks; make a file of your own."""
    loaded = options.settings_from({"model": model, "config": config, "look": "none"})
    context.obj = loaded
    if context.invoked_subcommand:
        return
    found = loaded.looks()
    if as_json:
        print_json([{"number": number, **look.as_dict()} for number, look in enumerate(found, 1)])
        return
    rows = [
        (str(number), look.name, look.title, f"{look.patch()['strength']:g}", look.prompt, _owner(look.origin))
        for number, look in enumerate(found, 1)
    ]
    print_table(("", "name", "title", "strength", "prompt", "from"), rows)


@app.command()
def path(context: typer.Context) -> None:
    """Print where your looks are, or would be, kept."""
    typer.echo(str(context.obj.looks_path))


@app.command()
def init(
    context: typer.Context,
    force: Annotated[bool, option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write the shipped looks into a file of your own, ready to be edited."""
    from ..looks import shipped_text
    from ..system.textfile import write_text

    target = context.obj.looks_path
    if target.exists() and not force:
        raise LookError(f"There is a file of looks at {target} already. --force writes a new one over it.")
    try:
        write_text(target, shipped_text(context.obj.engine.model))
    except OSError as error:
        raise LookError(f"The file of looks {target} cannot be written ({error}).") from error
    typer.echo(f"Your looks are in {target}; they come before the shipped ones.")


def _owner(origin: str) -> str:
    return origin if origin == "shipped" else "your file"
