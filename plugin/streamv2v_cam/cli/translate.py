"""`streamv2v-cam translate IN OUT`: a clip in, the same clip in another look out."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from . import options
from .options import option

_CLIP = "Clip"


def translate(
    source: Annotated[str, typer.Argument(metavar="IN", help='A video file, a folder or p_%04d.png, or "-".')],
    target: Annotated[str, typer.Argument(metavar="OUT", help='The file to write, pictures p_%04d.png, or "-".')],
    size: Annotated[
        str | None,
        option("--size", metavar="WxH|same", help="Size of the clip written; same as IN unless given.", panel=_CLIP),
    ] = None,
    fps: Annotated[
        str | None,
        option("--fps", help="Frames a second of the clip written (30000/1001 too); IN's unless given.", panel=_CLIP),
    ] = None,
    every: Annotated[
        int, option("--every", metavar="N", help="Style each N-th frame and move it to those between.", panel=_CLIP)
    ] = 1,
    sound: Annotated[bool, option("--sound/--no-sound", help="Keep the sound, or leave it out.", panel=_CLIP)] = True,
    overwrite: Annotated[bool, option("--overwrite", "-y", help="Replace OUT where it exists.", panel=_CLIP)] = False,
    look: options.Look = None,
    prompt: options.Prompt = None,
    reference: options.Reference = None,
    negative_prompt: options.NegativePrompt = None,
    strength: options.Strength = None,
    seed: options.Seed = None,
    bank_weight: options.BankWeight = None,
    guidance_scale: options.GuidanceScale = None,
    mirror: options.Mirror = None,
    model: options.Model = None,
    loras: options.Loras = None,
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
    device: options.Device = None,
    dtype: options.Dtype = None,
    offline: options.Offline = None,
    settings: options.Set = None,
    config: options.Config = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Translate a clip into a look: the same frames, times and sound, each picture at its own time."""
    given = {name: value for name, value in locals().items() if name not in ("source", "target")}
    from ..system.logs import set_up_logging

    set_up_logging(verbose=verbose, debug=debug)
    rate = None if fps is None else options.rate_from("--fps", fps)
    wanted = None if size is None or size == "same" else options.size_from("--size", size)
    loaded = options.settings_from(given, draws=True)

    from ..translate import translate_clip

    summary = translate_clip(
        loaded, source, target, size=wanted, fps=rate, every=every, sound=sound, overwrite=overwrite
    )
    if as_json:
        # Standard output is the clip itself when OUT is "-".
        typer.echo(json.dumps(summary), err=target == "-")
