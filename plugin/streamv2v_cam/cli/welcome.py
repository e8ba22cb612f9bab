"""The questions of the first run in the terminal, where nobody will see the page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from streamv2v.config import EMBEDDED_MODEL

if TYPE_CHECKING:
    from ..settings import LoadedSettings

END_OF_INPUT = "Ctrl-Z and Enter" if sys.platform == "win32" else "Ctrl-D"


def asks_here(settings: LoadedSettings) -> bool:
    """Whether a person is at this terminal, no page will open, and nobody has answered yet."""
    from ..run.browser import has_display

    asked = settings.control.open_browser
    page = asked == "always" or (asked == "auto" and has_display())
    return not page and not settings.path.exists() and sys.stdin.isatty() and sys.stderr.isatty()


def tell_of_a_card(settings: LoadedSettings) -> None:
    """At the first run with the model that is included: one line on what the machine's card would carry."""
    if settings.path.exists() or settings.engine.model != EMBEDDED_MODEL or settings.engine.remote:
        return
    from ..catalogue import Catalogue
    from ..catalogue.advice import card_words

    if words := card_words(Catalogue(settings)):
        typer.echo(words, err=True)


def ask(settings: LoadedSettings) -> None:
    """Three questions; Enter takes what stands in brackets. The answers make the settings file.

    Whoever ends the input passes over them, for good: the file is made without answers.

    Raises:
        SettingsError: the file cannot be written.
        typer.Abort: Ctrl-C; nothing was kept.
    """
    from ..run.welcome import keep

    try:
        _ask(settings)
    except typer.Abort as ended:
        if not isinstance(ended.__context__, EOFError):
            raise
        keep(settings, {})
        typer.echo(f"\nPassed over; what may be chosen stands in {settings.path}.", err=True)


def _ask(settings: LoadedSettings) -> None:
    from ..capture import list_cameras
    from ..doctor.machine import Machine
    from ..run.panel import identity
    from ..run.welcome import PRESENTER, chosen_settings, keep, models_for, obs_folder_of

    machine = Machine()
    cameras = [(identity(camera), camera.name) for camera in list_cameras()] + [(PRESENTER, "drawn presenter")]
    typer.echo(
        f"Three questions, once; Enter takes what stands in brackets, {END_OF_INPUT} passes over them.", err=True
    )
    camera = cameras[_choice("Which camera?", [title for _, title in cameras])][0]
    models = models_for(machine)
    model = models[_choice("Which model draws?", [f"{offer['title']}: {offer['words']}" for offer in models])]["id"]
    obs = typer.confirm("Do you use OBS Studio, with hotkeys?", default=obs_folder_of(machine), err=True)
    chosen, told = chosen_settings(settings, camera, model, obs, machine, identity=identity)
    keep(settings, chosen)
    for line in told:
        typer.echo(line, err=True)
    typer.echo(f"Kept in {settings.path}.", err=True)


def _choice(question: str, titles: list[str]) -> int:
    """The index of what was chosen; a single one is not asked for."""
    if len(titles) == 1:
        return 0
    typer.echo(question, err=True)
    for number, title in enumerate(titles, 1):
        typer.echo(f"  {number}. {title}", err=True)
    while True:
        number = typer.prompt("Number", type=int, default=1, err=True)
        if 1 <= number <= len(titles):
            return number - 1
        typer.echo(f"  {number} is none of them.", err=True)
