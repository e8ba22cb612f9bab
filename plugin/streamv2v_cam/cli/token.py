"""`streamv2v-cam token`: the key to the page and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from . import options

if TYPE_CHECKING:
    from ..system.accesstoken import AccessToken

app = typer.Typer(help="Show the access token of the page and the API, or make a new one.", no_args_is_help=True)


@app.command()
def show(config: options.Config = None) -> None:
    """Print the token, for programs that send it as `Authorization: Bearer TOKEN`."""
    typer.echo(_token(config).current())


@app.command()
def rotate(config: options.Config = None) -> None:
    """Make a new token; the old one opens nothing any more, also in a program that is running."""
    token = _token(config)
    token.rotate()
    typer.echo(f"There is a new access token in {token.path}. Docks and programs need it from now on.")


@app.command()
def address(config: options.Config = None, settings: options.Set = None) -> None:
    """Print the address for a browser or an OBS custom browser dock, with the token behind "#"."""
    loaded = options.settings_from({"config": config, "settings": settings})
    host = f"[{loaded.control.host}]" if ":" in loaded.control.host else loaded.control.host
    typer.echo(f"http://{host}:{loaded.control.port}/#token={_token(config).current()}")


@app.command()
def path(config: options.Config = None) -> None:
    """Print where the token is, or would be, kept."""
    typer.echo(str(_token(config).path))


def _token(config: options.Config) -> AccessToken:
    from ..settings import default_config_path
    from ..system.accesstoken import AccessToken
    from ..system.paths import home_path

    settings_path = home_path(config) if config else default_config_path()
    return AccessToken(settings_path.parent / "token")
