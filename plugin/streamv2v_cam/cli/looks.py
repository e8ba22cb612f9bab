"""`streamv2v-cam looks`: list the looks, change one's own, find or make the file they can be edited in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import LookClash, LookError
from . import options
from .options import option
from .tables import print_json, print_table

app = typer.Typer(help="List the looks; change your own.", invoke_without_command=True)


@app.callback()
def looks(
    context: typer.Context,
    model: options.Model = None,
    config: options.Config = None,
    as_json: Annotated[bool, option("--json", help="As JSON.")] = False,
) -> None:
    """List the looks; change your own."""
    loaded = options.settings_from({"model": model, "config": config, "look": "none"})
    context.obj = loaded
    if context.invoked_subcommand:
        return
    found = loaded.looks()
    if as_json:
        print_json([{"number": number, **look.as_dict()} for look in found for number in [found.numbers[look.name]]])
        return
    rows = [
        (str(number), look.name, look.title, f"{look.patch()['strength']:g}", look.prompt, _owner(look.origin))
        for look in found
        for number in [found.numbers[look.name]]
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
    typer.echo(f"Your looks are in {target}; they stand in the place of the shipped ones.")


LookName = Annotated[str, typer.Argument(metavar="LOOK", help="Name or number of the look.")]


@app.command()
def rename(
    context: typer.Context, look: LookName, title: Annotated[str, typer.Argument(help="In any script.")]
) -> None:
    """Give a look of your own another title; its name stays."""
    shelf = context.obj.shelf()
    done = shelf.rename(shelf.looks.get(look).name, title)
    typer.echo(f"{done.name} is called {done.title!r} now.")


@app.command()
def move(
    context: typer.Context,
    look: LookName,
    number: Annotated[int, typer.Argument(min=1, max=999, help="1 to 9 are keys.")],
) -> None:
    """Give a look a number; a look that has it gets the other's, and no third one moves."""
    shelf = context.obj.shelf()
    before = shelf.looks.at(number)
    done = shelf.renumber(shelf.looks.get(look).name, number)
    changed = f"; {before.name} is {shelf.looks.numbers[before.name]}" if before and before.name != done.name else ""
    typer.echo(f"{done.name} is {number} now{changed}.")


@app.command()
def delete(context: typer.Context, look: LookName) -> None:
    """Delete a look of your own; one that stood for a shipped look brings that back."""
    shelf = context.obj.shelf()
    done = shelf.delete(shelf.looks.get(look).name)
    typer.echo(f"{done.title!r} is deleted.")


@app.command()
def copy(
    context: typer.Context,
    look: LookName,
    title: Annotated[str | None, typer.Argument(help="Of the copy; made up if not given.")] = None,
) -> None:
    """Copy a look; the copy is yours."""
    shelf = context.obj.shelf()
    done = shelf.duplicate(look, title)
    typer.echo(f"{done.title!r} is look {shelf.looks.numbers[done.name]}, by name {done.name}.")


@app.command("export")
def export_looks(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    look: Annotated[list[str] | None, typer.Argument(help="Names or numbers; all your own if none is given.")] = None,
    force: Annotated[bool, option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write looks into a file that another program can import."""
    from ..system.textfile import write_text

    shelf = context.obj.shelf()
    text = shelf.exported(look or None)
    if file.exists() and not force:
        raise LookError(f"There is a file {file} already. --force writes over it.")
    try:
        write_text(file, text)
    except OSError as error:
        raise LookError(f"The file {file} cannot be written ({error}).") from error
    typer.echo(f"Written to {file}.")


@app.command("import")
def import_looks(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file of looks.")],
    replace: Annotated[bool, option("--replace", help="Write over looks of the same title.")] = False,
    skip: Annotated[bool, option("--skip", help="Leave looks of the same title as they are.")] = False,
) -> None:
    """Take in the looks of a file: all of them, or none."""
    from ..looks.file import read_text

    if replace and skip:
        raise LookError("--replace and --skip exclude each other; give one of them.")
    answer = "replace" if replace else "skip" if skip else "ask"
    try:
        done = context.obj.shelf().import_text(read_text(file), same_title=answer)
    except LookClash as error:
        hint = " (--replace or --skip)" if error.field == "title" else ""
        raise LookError(f"{error}{hint}") from error
    parts = {"new": done.added, "replaced": done.replaced, "left as they are": done.skipped}
    typer.echo("; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names) + ".")
    if done.told:
        typer.echo(done.told)


def _owner(origin: str) -> str:
    return origin if origin == "shipped" else "your file"
