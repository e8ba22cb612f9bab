"""Options that several commands share, and how they become settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import SettingsError

if TYPE_CHECKING:
    from ..settings import LoadedSettings

LARGEST_SIDE = 16384
"""What h264 can hold, px."""
_LOOK, _ENGINE, _GENERAL = "Look", "Engine", "General"


def option(*names: str, help: str, panel: str = _GENERAL, **more: Any) -> Any:
    """A typer option in one of the panels of --help."""
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=False, **more)


Look = Annotated[str | None, option("--look", "-l", help="Look by name or number (see: looks).", panel=_LOOK)]
Prompt = Annotated[str | None, option("--prompt", "-p", help="The look in words.", panel=_LOOK)]
Reference = Annotated[
    str | None,
    option("--reference", metavar="FILE", help="A picture that the look follows; needs --ip-adapter.", panel=_LOOK),
]
NegativePrompt = Annotated[
    str | None, option("--negative-prompt", help="What the look must not have; needs guidance.", panel=_LOOK)
]
Strength = Annotated[
    float | None, option("--strength", "-s", help="0 is the camera's picture, 1 the fullest look.", panel=_LOOK)
]
Seed = Annotated[int | None, option("--seed", help="Picks the fixed noise.", panel=_LOOK)]
BankWeight = Annotated[
    float | None,
    option("--bank-weight", help="Stability: 0 forgets the past, 1 as in the paper, up to 4.", panel=_LOOK),
]
GuidanceScale = Annotated[
    float | None, option("--guidance-scale", help="How hard the prompt pulls, 1 to 20; needs guidance.", panel=_LOOK)
]
Motion = Annotated[
    str | None,
    option("--motion", help="Between two drawings of the look: reproject follows you, hold waits.", panel=_LOOK),
]
Region = Annotated[
    str | None, option("--region", help="Where the look is: whole, person, background or face.", panel=_LOOK)
]
Outside = Annotated[
    str | None, option("--outside", help="What the rest shows: camera, blur, colour or palette.", panel=_LOOK)
]
Mirror = Annotated[bool | None, option("--mirror/--no-mirror", help="Flip left and right.", panel=_LOOK)]

Model = Annotated[
    str | None,
    option("--model", "-m", help="A name of `models`, a folder, a .safetensors file or a hub id.", panel=_ENGINE),
]
Loras = Annotated[
    list[str] | None,
    option("--lora", help='A LoRA: file, folder or hub id, with ":0.8" for its scale; repeatable.', panel=_ENGINE),
]
Networks = Annotated[
    list[str] | None,
    option(
        "--structure",
        help='A ControlNet or T2I-Adapter: folder, file or hub id, with ":canny" for what it is shown; repeatable.',
        panel=_ENGINE,
    ),
]
IpAdapter = Annotated[
    str | None,
    option(
        "--ip-adapter",
        help="IP-Adapter for reference pictures: a .safetensors file, here or of the hub.",
        panel=_ENGINE,
    ),
]
LorasFolder = Annotated[
    str | None, option("--loras-folder", help="Folder of LoRAs that may be put on while it runs.", panel=_ENGINE)
]
Embeddings = Annotated[
    str | None, option("--embeddings", help="Folder of textual inversion embeddings.", panel=_ENGINE)
]
Vae = Annotated[
    str | None, option("--vae", help="Another VAE: a folder, a .safetensors file or a hub id.", panel=_ENGINE)
]
SingleFileConfig = Annotated[
    str | None,
    option("--single-file-config", help="Configuration of a one-file model: a folder or a hub id.", panel=_ENGINE),
]
Bank = Annotated[str | None, option("--bank", help="Memory of past frames: paper, queue, off or best.", panel=_ENGINE)]
Slots = Annotated[int | None, option("--slots", help="Denoising steps, 1 to 8.", panel=_ENGINE)]
Sequential = Annotated[
    bool | None, option("--sequential/--stream-batch", help="All steps of a frame before the next.", panel=_ENGINE)
]
Guidance = Annotated[str | None, option("--guidance", help="none, full, self or initialize.", panel=_ENGINE)]
EngineSize = Annotated[
    str | None,
    option(
        "--engine-size",
        metavar="WxH",
        help="Size inside the engine, multiples of 8; else it follows the picture and --wanted-fps.",
        panel=_ENGINE,
    ),
]
WantedFps = Annotated[
    float | None,
    option(
        "--wanted-fps",
        help="Choose the engine's size for so many styled pictures a second; 0 keeps the usual one.",
        panel=_ENGINE,
    ),
]
Device = Annotated[str | None, option("--device", help="auto, cpu, cuda, cuda:1 or mps.", panel=_ENGINE)]
Dtype = Annotated[str | None, option("--dtype", help="auto, float32, float16 or bfloat16.", panel=_ENGINE)]
Offline = Annotated[bool | None, option("--offline/--online", help="Never ask the network.", panel=_ENGINE)]

Config = Annotated[Path | None, option("--config", help="Another settings file.")]
Set = Annotated[
    list[str] | None, option("--set", metavar="KEY=VALUE", help="Any setting (see: config show); repeatable.")
]
Json = Annotated[bool, option("--json", help="Print one JSON object last, on stdout.")]
Verbose = Annotated[bool, option("--verbose", "-v", help="Say more about what is done.")]
Debug = Annotated[bool, option("--debug", help="Say everything, with tracebacks.")]

SETTING_OF = {
    "source": "capture.source",
    "sinks": "publish.sinks",
    "preview": "publish.preview",
    "look": "start.look",
    "prompt": "start.prompt",
    "negative_prompt": "start.negative_prompt",
    "strength": "start.strength",
    "seed": "start.seed",
    "bank_weight": "start.bank_weight",
    "guidance_scale": "start.guidance_scale",
    "motion": "start.motion",
    "region": "start.region",
    "outside": "start.outside",
    "mirror": "start.mirror",
    "engine": "engine.remote",
    "announce": "engine.announce",
    "model": "engine.model",
    "loras": "engine.loras",
    "loras_folder": "engine.loras_folder",
    "vae": "engine.vae",
    "single_file_config": "engine.single_file_config",
    "embeddings": "engine.embeddings",
    "structure": "engine.structure",
    "ip_adapter": "engine.ip_adapter",
    "reference": "start.reference",
    "bank": "engine.bank.kind",
    "slots": "engine.slots",
    "sequential": "engine.sequential",
    "guidance": "engine.guidance",
    "wanted_fps": "engine.wanted_fps",
    "device": "engine.device",
    "dtype": "engine.dtype",
    "offline": "engine.offline",
    "port": "control.port",
    "obs": "obs.with_run",
    "on_demand": "on_demand.on",
}


def settings_from(given: Mapping[str, Any], *, draws: bool = False) -> LoadedSettings:
    """Settings from the parameters of a command, under the names of `SETTING_OF`.

    `given` may also hold engine_size ("WxH"), settings (["KEY=VALUE"]) and config.

    Args:
        draws: the model is looked at or drawn with, so that a name of the catalogue becomes what it stands for.
    Raises:
        SettingsError, LookError, ModelRefused: one line for the person.
    """
    from ..catalogue import with_named_model
    from ..settings import load_settings

    flags: dict[str, Any] = {}
    for pair in given.get("settings") or []:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise SettingsError(f"--set {pair}: write it as KEY=VALUE, for example --set engine.slots=4.")
        flags[key.strip()] = value.strip()
    for name, setting in SETTING_OF.items():
        if given.get(name) not in (None, []):
            flags[setting] = given[name]
    if given.get("engine_size"):
        flags["engine.width"], flags["engine.height"] = size_from("--engine-size", given["engine_size"])
    for name in ("publish.width", "publish.height", "publish.fps"):
        if given.get(name) is not None:
            flags[name] = given[name]
    loaded = load_settings(flags, given.get("config"))
    return with_named_model(loaded) if draws else loaded


def rate_from(name: str, text: str) -> Fraction:
    """Pictures a second from "30", "29.97" (which stands for 30000/1001) or a fraction.

    Raises:
        SettingsError: anything else.
    """
    from ..rates import parsed_rate

    try:
        return parsed_rate(text)
    except ValueError:
        raise SettingsError(
            f"{name}: {text!r} was refused; allowed is a number from 0.001 to 1000, also 30000/1001."
        ) from None


def size_from(name: str, text: str) -> tuple[int, int]:
    """Width and height, px, from "WxH".

    Raises:
        SettingsError: anything else.
    """
    match = re.fullmatch(r"\s*(\d{1,5})\s*[xX×*]\s*(\d{1,5})\s*", text)
    if not match or not all(2 <= int(side) <= LARGEST_SIDE for side in match.groups()):
        raise SettingsError(f"{name}: {text!r} was refused; allowed is a width and a height such as 1280x720.")
    return int(match[1]), int(match[2])
