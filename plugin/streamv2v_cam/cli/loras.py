"""`streamv2v-cam loras`: which LoRAs may be put on while the program runs, and the words they have learned."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from . import options
from .options import option
from .tables import print_json, print_table


def loras(
    model: options.Model = None,
    loras_folder: options.LorasFolder = None,
    config: options.Config = None,
    as_json: Annotated[bool, option("--json", help="As JSON.")] = False,
) -> None:
    """List the LoRAs of engine.loras_folder, their trigger words, and which fit the model."""
    given = {"model": model, "loras_folder": loras_folder, "config": config, "look": "none"}
    loaded = options.settings_from(given, draws=True)
    from ..run.starting import lora_folder

    folder = lora_folder(loaded)
    found = folder.files(numbers=True)
    if as_json:
        print_json({"rests": folder.rests, "loras": [asdict(file) for file in found]})
        return
    if folder.rests:
        typer.echo(folder.rests)
    if found:
        rows = [(file.name, file.title, ", ".join(file.triggers), file.why or "fits") for file in found]
        print_table(("name", "title", "trigger words", "this model"), rows)
    elif not folder.gone:
        typer.echo("There are none. engine.loras_folder (--loras-folder) names the folder of your .safetensors files.")
