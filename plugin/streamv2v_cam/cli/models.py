"""`streamv2v-cam models`: what may be chosen by name, fetching it, taking in one's own, and taking away."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ModelRefused
from . import EXIT_INTERRUPTED, options
from .options import option
from .tables import print_json, print_table

if TYPE_CHECKING:
    from ..catalogue import Catalogue, Facts

app = typer.Typer(help="List the models by name; fetch one, take in one of yours, remove one.")
NAME = typer.Argument(metavar="NAME", help="Of the model, as the list has it.", show_default=False)
_LINE_S = 10.0
"""Between two lines of progress where nobody looks at a terminal."""


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    config: options.Config = None,
    settings: options.Set = None,
    as_json: Annotated[bool, option("--json", help="As JSON.")] = False,
) -> None:
    """List the models by name: licence, size, whether they are here and fit this machine."""
    from ..catalogue import Catalogue

    catalogue: Catalogue = Catalogue(options.settings_from({"config": config, "settings": settings, "look": "none"}))
    context.obj = catalogue
    if context.invoked_subcommand:
        return
    found = [catalogue.facts(entry) for entry in catalogue.entries()]
    if as_json:
        print_json([facts.as_dict() for facts in found])
        return
    print_table(("name", "good for", "licence", "fetched", "here", "on this machine"), map(_row, found))


def _row(facts: Facts) -> tuple[str, ...]:
    entry, size = facts.entry, facts.download_bytes
    licence = f"{entry.licence.name} ({entry.licence.link})" if entry.licence else "yours to know"
    return (
        entry.name,
        entry.good_for,
        licence,
        f"about {size / 1e9:.1f} GB" if size else "never",
        "yes" if facts.here else "no",
        facts.fit.words,
    )


@app.command()
def get(
    context: typer.Context,
    name: Annotated[str, NAME],
    accept_licence: Annotated[
        bool, option("--accept-licence", help="You have read the model's licence and accept it; asked once.")
    ] = False,
) -> None:
    """Fetch a model. Ctrl+C pauses; the same command again goes on where it stopped."""
    from ..catalogue.getting import get as fetched

    catalogue: Catalogue = context.obj
    entry = catalogue.entry(name)
    facts = catalogue.facts(entry)
    if facts.here:
        typer.echo(f"{name} is on this machine: streamv2v-cam run --model {name}")
        return
    _accept(catalogue, facts, accept_licence)
    if not facts.fit.fits or "slow" in facts.fit.words:
        typer.echo(f"{entry.title}: {facts.fit.words}.", err=True)
    try:
        fetched(catalogue, name, tell=_progress(name))
    except KeyboardInterrupt:
        typer.echo(f"\nPaused; what came is kept. Go on with: streamv2v-cam models get {name}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        if sys.stderr.isatty():
            typer.echo("", err=True)
    typer.echo(f"{name} is on this machine: streamv2v-cam run --model {name}")


def _accept(catalogue: Catalogue, facts: Facts, accepted: bool) -> None:
    """Have the licence accepted, once.

    Raises:
        ModelRefused: it is not.
    """
    licence = facts.entry.licence
    if licence is None:
        return
    typer.echo(f"{facts.entry.title}: {licence.name}, {licence.link}", err=True)
    if facts.accepted:
        return
    if not accepted and sys.stdin.isatty():
        accepted = typer.confirm("It does not allow every use. Have you read it, and do you accept it?", err=True)
        if not accepted:
            raise ModelRefused(f"The licence of {facts.entry.name} was not accepted; nothing was fetched.")
    if accepted:
        catalogue.accept(facts.entry.name)


def _progress(name: str) -> Callable[[str, int, int], None]:
    """Tells how far it is: one line that changes on a terminal, now and then a line elsewhere."""
    began_s = last_s = time.monotonic()
    first: int | None = None
    terminal = sys.stderr.isatty()

    def told(what: str, done: int, total: int) -> None:
        nonlocal last_s, first
        first = done if first is None else first
        now_s = time.monotonic()
        if now_s - last_s < (0.2 if terminal else _LINE_S):
            return
        last_s = now_s
        rate = (done - first) / max(0.1, now_s - began_s)
        left = f", {(total - done) / rate:.0f} s left" if rate > 0 and what == "fetching" else ""
        share = 100 * done / max(1, total)
        line = f"{what} {name}: {done / 1e9:.2f} of {total / 1e9:.2f} GB ({share:.0f} %{left})"
        typer.echo(f"\r{line:<78}" if terminal else line, err=True, nl=not terminal)

    return told


@app.command()
def add(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A .safetensors file or a diffusers folder.")],
    name: Annotated[str, option("--name", help="What to call it; unset is made from its own name.")] = "",
) -> None:
    """Take in a file or folder of your own under a name. It stays where it is and is not copied."""
    entry = context.obj.add(path, name)
    typer.echo(f"{entry.path} is now {entry.name}: streamv2v-cam run --model {entry.name}")


@app.command()
def remove(context: typer.Context, name: Annotated[str, NAME]) -> None:
    """Take a model away: what was fetched is deleted; one of your own only leaves the list."""
    typer.echo(context.obj.remove(name))
