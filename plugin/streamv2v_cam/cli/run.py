"""`streamv2v-cam run`: a camera in, a styled camera out."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import SettingsError
from . import options
from .options import option
from .welcome import ask, asks_here, tell_of_a_card

if TYPE_CHECKING:
    from ..settings import LoadedSettings

_PICTURE, _PAGE = "Picture", "Page"

_Source = Annotated[
    str | None,
    option(
        "--source",
        "-i",
        help="A camera's name or number, a file, an rtsp:// or http:// address, or presenter.",
        panel=_PICTURE,
    ),
]
_Sinks = Annotated[
    list[str] | None,
    option("--sink", "-o", help="camera, camera:/dev/video10, null or a .mp4 file; repeatable.", panel=_PICTURE),
]
_Size = Annotated[str | None, option("--size", metavar="WxH", help="Published size.", panel=_PICTURE)]
_Fps = Annotated[str | None, option("--fps", help="Published pictures a second.", panel=_PICTURE)]
_Port = Annotated[int | None, option("--port", help="Port of the page; 0 is any free one.", panel=_PAGE)]
_Preview = Annotated[bool | None, option("--preview/--no-preview", help="Show the picture on the page.", panel=_PAGE)]
_OpenPage = Annotated[bool | None, option("--open/--no-open", help="Open the page in a browser, or not.", panel=_PAGE)]
_Engine = Annotated[
    str | None,
    option(
        "--engine",
        metavar="ADDRESS",
        help='A server that does the work (see: serve --help); "auto" takes a paired one of this network.',
        panel=_PICTURE,
    ),
]
_Obs = Annotated[
    bool | None, option("--obs/--no-obs", help="Also start the OBS process (see: obs --help).", panel=_PAGE)
]
_OnDemand = Annotated[
    bool | None,
    option(
        "--on-demand/--always-on", help="Let camera and engine rest while nobody watches, or never.", panel=_PICTURE
    ),
]
_ForS = Annotated[float | None, option("--for", metavar="SECONDS", help="Stop by itself after that time.")]


def run(
    source: _Source = None,
    sinks: _Sinks = None,
    size: _Size = None,
    fps: _Fps = None,
    look: options.Look = None,
    prompt: options.Prompt = None,
    reference: options.Reference = None,
    negative_prompt: options.NegativePrompt = None,
    strength: options.Strength = None,
    seed: options.Seed = None,
    bank_weight: options.BankWeight = None,
    guidance_scale: options.GuidanceScale = None,
    motion: options.Motion = None,
    region: options.Region = None,
    outside: options.Outside = None,
    mirror: options.Mirror = None,
    engine: _Engine = None,
    model: options.Model = None,
    loras: options.Loras = None,
    loras_folder: options.LorasFolder = None,
    vae: options.Vae = None,
    single_file_config: options.SingleFileConfig = None,
    embeddings: options.Embeddings = None,
    structure: options.Networks = None,
    ip_adapter: options.IpAdapter = None,
    bank: options.Bank = None,
    slots: options.Slots = None,
    sequential: options.Sequential = None,
    guidance: options.Guidance = None,
    engine_size: options.EngineSize = None,
    wanted_fps: options.WantedFps = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    offline: options.Offline = None,
    port: _Port = None,
    preview: _Preview = None,
    open_page: _OpenPage = None,
    obs: _Obs = None,
    on_demand: _OnDemand = None,
    for_s: _ForS = None,
    settings: options.Set = None,
    config: options.Config = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Turn a camera's picture into the look you name, live, as a camera for other programs.

    Without a camera the drawn presenter stands in; without a virtual camera the page shows the picture.
    Ctrl-C stops it.
    """
    given = dict(locals())
    from ..system.logs import set_up_logging

    set_up_logging(verbose=verbose, debug=debug)
    if for_s is not None and not (math.isfinite(for_s) and for_s > 0):
        raise SettingsError(f"--for: {for_s:g} was refused; allowed is a number of seconds above 0.")
    loaded = _loaded(given)

    from ..run.app import run_app

    try:
        summary = run_app(loaded, for_s=for_s, json_summary=as_json)
    except KeyboardInterrupt:
        return
    if as_json:
        typer.echo(json.dumps(summary))


def _loaded(given: dict[str, Any]) -> LoadedSettings:
    """The settings of a run, after the first run's questions where they are to be asked."""
    if given["size"] is not None:
        given["publish.width"], given["publish.height"] = options.size_from("--size", given["size"])
    given["publish.fps"] = None if given["fps"] is None else float(options.rate_from("--fps", given["fps"]))
    if given["open_page"] is not None:
        opens = f"control.open_browser={'always' if given['open_page'] else 'never'}"
        given["settings"] = [*(given["settings"] or []), opens]
    loaded = options.settings_from(given, draws=True)
    tell_of_a_card(loaded)
    if asks_here(loaded):
        ask(loaded)
        loaded = options.settings_from(given, draws=True)
    return loaded
