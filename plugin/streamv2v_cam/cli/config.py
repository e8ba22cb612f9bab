"""`streamv2v-cam config`: what holds and where it comes from; write the settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .options import option
from .tables import print_json, print_table

app = typer.Typer(help="Show the settings with their origins; write the settings file.", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def config(context: typer.Context) -> None:
    """Show the settings with their origins; write the settings file."""
    if context.invoked_subcommand is None:
        show()


@app.command()
def show(
    config: options.Config = None,
    settings: options.Set = None,
    as_json: Annotated[bool, option("--json", help="As JSON.")] = False,
) -> None:
    """Show every setting, its value and where it comes from."""
    from ..settings.words import value_words

    loaded = options.settings_from({"config": config, "settings": settings})
    if as_json:
        print_json({name: {"value": value, "from": origin} for name, value, origin in loaded.items()})
        return
    rows = [(name, value_words(value), origin) for name, value, origin in loaded.items()]
    print_table(("setting", "value", "from"), rows)


@app.command()
def memory(
    model: options.Model = None,
    vae: options.Vae = None,
    single_file_config: options.SingleFileConfig = None,
    embeddings: options.Embeddings = None,
    bank: options.Bank = None,
    slots: options.Slots = None,
    engine_size: options.EngineSize = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    settings: options.Set = None,
    config: options.Config = None,
    as_json: Annotated[bool, option("--json", help="As JSON.")] = False,
) -> None:
    """Show what memory the engine will need, from the model's files alone; nothing is loaded or fetched."""
    given = dict(locals())
    from ..engine.memory_needs import memory_needs

    needs, assumed = memory_needs(options.settings_from(given, draws=True).stream_config())
    if as_json:
        print_json({"bytes": needs.parts, "total_bytes": needs.total_bytes, "assumed": assumed})
        return
    print_table(("memory for", "size", ""), needs.rows())
    for line in assumed:
        typer.echo(line)


@app.command()
def path(config: options.Config = None) -> None:
    """Print where the settings file is, or would be."""
    typer.echo(str(_path(config)))


@app.command()
def init(
    config: options.Config = None,
    force: Annotated[bool, option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a settings file in which every setting stands, commented out, with its help."""
    from ..settings.file import write_commented_file

    write_commented_file(_path(config), force=force)
    typer.echo(f"The settings file is {_path(config)}.")


@app.command("set")
def set_value(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A setting, such as engine.slots.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its new value; lists as one,two.")],
    config: options.Config = None,
) -> None:
    """Write one setting into the file; its comments stay."""
    from ..settings.file import write_setting
    from ..settings.words import value_words

    written = write_setting(_path(config), key, value)
    typer.echo(f"{key} = {value_words(written)} ({_path(config)})")


def _path(config: Path | None) -> Path:
    from ..settings import default_config_path
    from ..system.paths import home_path

    return home_path(config) if config else default_config_path()
