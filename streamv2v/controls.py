"""Everything about a running stream that is only a number or a word: live, frozen, swapped whole.

Standard library only, so that the host process can read and validate controls without torch.
Each field carries its range, unit and help; API, dock and command line draw themselves from
`describe_controls()`, so a new control is added in this file alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

from .errors import ControlError

MODES = ("effect", "bypass", "freeze", "privacy")
FITS = ("crop", "fit")
MOTIONS = ("reproject", "hold")
BANK_CHANGES = ("fade", "reset", "keep")
REGIONS = ("whole", "person", "background", "face")
OUTSIDES = ("camera", "blur", "colour", "palette")
PROMPT_LIMIT = 2000
LORA_LIMIT = 8
LORA_SCALES = (-2.0, 2.0)
LORA_NAME_BYTES = 240
"""A file's name has at most 255 on usual disks, with its ending."""
_LORA = re.compile(r"(?!\.)[^/\\:\x00-\x1f]{1,100}")
"""A file's name in a folder, without its ending; no path and no address can be one."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ORDERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What orders a terminal about: words come from chats, and are written into logs."""
BLEND_LIMIT = 8
NAME_LIMIT = 200
STRUCTURE_WEIGHTS: tuple[str, ...] = ("structure_weight", "structure_weight_2", "structure_weight_3")
"""The weight of each structure network, in their order."""


def _number(default: float, low: float, high: float, *, help: str, unit: str = "", step: float = 0.01) -> Any:
    kind = "integer" if isinstance(default, int) else "number"
    return field(default=default, metadata=dict(kind=kind, low=low, high=high, unit=unit, step=step, help=help))


def _choice(default: str, choices: tuple[str, ...], *, help: str) -> Any:
    return field(default=default, metadata=dict(kind="choice", choices=choices, help=help))


def _text(default: str, *, least: int, most: int, help: str, exact: bool = False) -> Any:
    return field(default=default, metadata=dict(kind="text", least=least, most=most, exact=exact, help=help))


@dataclass(frozen=True)
class Controls:
    """One snapshot of all live values (DESIGN: two kinds of option).

    Build a changed one with `patched()`; the constructor validates too and raises `ControlError`.
    """

    prompt: str = _text("a pencil sketch", least=1, most=PROMPT_LIMIT, help="The look, in words. Weight 1 in a blend.")
    blend: tuple[tuple[str, float], ...] = field(
        default=(),
        metadata=dict(kind="blend", most=BLEND_LIMIT, help="More prompts with weights, mixed with the prompt."),
    )
    negative_prompt: str = _text("", least=0, most=PROMPT_LIMIT, help="What the look must not have (guidance > 1).")
    strength: float = _number(0.5, 0.0, 1.0, help="0 is the camera's picture, 1 the fullest look.")
    guidance_scale: float = _number(1.0, 1.0, 20.0, step=0.1, help="How hard the prompt pulls; 1 is off.")
    guidance_delta: float = _number(1.0, 0.0, 2.0, help="Share of the residual noise in RCFG guidance.")
    clip_skip: int = _number(
        1, 1, 12, unit="layers", step=1, help="Which layer of the text encoder counts: 1 the usual, 2 the one before."
    )
    step_spread: float = _number(
        0.0,
        -2.0,
        2.0,
        step=0.1,
        help="Where later steps lie: above 0 near the picture, below 0 near the first step; needs 2 slots.",
    )
    seed: int = _number(2, 0, 2**32 - 1, step=1, help="Picks the fixed noise of every slot.")
    seed_travel_s: float = _number(
        0.0, 0.0, 120.0, unit="s", step=0.5, help="Time on the way from the noise of one seed to another's; 0 jumps."
    )
    reference: str = _text(
        "", least=0, most=NAME_LIMIT, exact=True, help="A picture that the look follows; nothing is none."
    )
    reference_blend: tuple[tuple[str, float], ...] = field(
        default=(),
        metadata=dict(
            kind="blend", most=BLEND_LIMIT, exact=True, help="More such pictures with weights, mixed with that one."
        ),
    )
    reference_weight: float = _number(0.6, 0.0, 2.0, help="How hard the look follows that picture; 0 is off.")
    structure_weight: float = _number(
        0.8, 0.0, 2.0, help="How hard the first structure network holds the picture to the camera's; 0 is off."
    )
    structure_weight_2: float = _number(0.8, 0.0, 2.0, help="The same of the second one.")
    structure_weight_3: float = _number(0.8, 0.0, 2.0, help="The same of the third one.")
    structure_interval: int = _number(
        1,
        1,
        16,
        unit="frames",
        step=1,
        help="Structure networks answer every n-th frame; between, the last answer holds.",
    )
    bank_weight: float = _number(1.0, 0.0, 4.0, step=0.05, help="Stability: 0 forgets the past, 1 is the paper.")
    fusion_strength: float = _number(0.8, 0.0, 1.0, help="Feature fusion: share taken from the bank.")
    fusion_threshold: float = _number(0.98, -1.0, 1.0, help="Feature fusion: least cosine similarity.")
    fusion_softness: float = _number(
        0.0, 0.0, 0.5, step=0.005, help="Feature fusion: width of the ramp up to that similarity; 0 switches."
    )
    update_interval: int = _number(4, 1, 64, unit="frames", step=1, help="The bank takes in every n-th frame.")
    bank_ramp: int = _number(0, 0, 64, unit="frames", step=1, help="A refilled bank gains its weight over this long.")
    bank_noise_tilt: float = _number(
        0.0, -2.0, 2.0, step=0.1, help="Above 0 noisy slots lean on the bank more, below 0 clean ones; needs 2 slots."
    )
    motion_gate: float = _number(0.0, 0.0, 1.0, help="How far what moves is freed from the bank.")
    motion_threshold: float = _number(
        3.0, 1.0, 10.0, step=0.1, help="From how many times its own noise on a part of the picture counts as moving."
    )
    feedback: float = _number(0.0, 0.0, 0.95, help="Share of the last picture kept where nothing moves.")
    input_denoise: float = _number(
        0.0, 0.0, 0.95, help="How far the camera's noise is averaged out where nothing moves."
    )
    noise_drift: float = _number(
        0.0, 0.0, 10.0, unit="degrees per frame", step=0.05, help="How fast the fixed noise turns; 0 stands still."
    )
    bank_change: str = _choice("fade", BANK_CHANGES, help="What the bank does when prompt or seed change.")
    transition_s: float = _number(0.5, 0.0, 10.0, unit="s", step=0.1, help="Time to glide from look to look.")
    still_threshold: float = _number(
        0.0,
        0.0,
        64.0,
        unit="grey levels",
        step=0.5,
        help="Repeat the picture when no block moves more; 0 is off.",
    )
    detail: float = _number(0.0, 0.0, 1.0, help="Fine structure of the camera's picture added to the look; 0 is off.")
    borrow: bool = field(
        default=True,
        metadata=dict(kind="switch", help="May the camera's own picture fill gaps and give detail; off hides a face."),
    )
    motion: str = _choice("reproject", MOTIONS, help="Between two pictures of the look: move the last one, or hold it.")
    region: str = _choice(
        "whole", REGIONS, help="Where the look is: everywhere, on the person, behind it, on the face."
    )
    region_feather: float = _number(0.05, 0.0, 1.0, help="How softly the look ends at the edge of its region.")
    outside: str = _choice(
        "camera", OUTSIDES, help="Outside of the region: the camera, it blurred, a colour, a palette."
    )
    outside_colour: str = field(
        default="#00b140", metadata=dict(kind="colour", help="The colour outside of the region, as #rrggbb.")
    )
    outside_look: str = _text("", least=0, most=40, help="Name of the look whose colours the outside takes (palette).")
    loras: tuple[tuple[str, float], ...] = field(
        default=(),
        metadata=dict(kind="loras", most=LORA_LIMIT, help="LoRAs of your folder that are on, each with its scale."),
    )
    mode: str = _choice("effect", MODES, help="What is on air: the look, the camera, a still or a cover.")
    mirror: bool = field(default=False, metadata=dict(kind="switch", help="Flip left and right."))
    fit: str = _choice("crop", FITS, help="Fill the picture and cut the rest, or show all with bars.")
    zoom: float = _number(1.0, 1.0, 4.0, step=0.05, unit="x", help="Cut into the camera's picture.")
    pan_x: float = _number(0.0, -1.0, 1.0, help="Which part a crop or zoom shows: -1 left, 1 right.")
    pan_y: float = _number(0.0, -1.0, 1.0, help="Which part a crop or zoom shows: -1 top, 1 bottom.")

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, _checked(item, getattr(self, item.name)))

    def patched(self, patch: Mapping[str, Any]) -> Controls:
        """A new snapshot with `patch` applied; all or nothing.

        Raises:
            ControlError: an unknown field or a refused value; names field, value and range.
        """
        for name in patch:
            if name not in CONTROL_NAMES:
                close = get_close_matches(str(name), CONTROL_NAMES, n=3)
                like = f"such as {', '.join(close)}" if close else f"of which there are {len(CONTROL_NAMES)}"
                raise ControlError(str(name), patch[name], f"one of the controls, {like}")
        return replace(self, **dict(patch))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values |= {name: [list(pair) for pair in getattr(self, name)] for name in ("blend", "reference_blend")}
        values["loras"] = dict(self.loras)
        return values


CONTROL_NAMES = tuple(item.name for item in fields(Controls))


def describe_controls() -> dict[str, dict[str, Any]]:
    """Name -> kind, default, range or choices, unit, step and help of every control, for pages and tools."""
    described: dict[str, dict[str, Any]] = {}
    for item in fields(Controls):
        default = {"blend": [], "loras": {}}.get(item.metadata["kind"], item.default)
        described[item.name] = {"default": default, **item.metadata}
        if "choices" in described[item.name]:
            described[item.name]["choices"] = list(described[item.name]["choices"])
    return described


def _checked(item: Field[Any], value: Any) -> Any:
    rule = item.metadata
    match rule["kind"]:
        case "number" | "integer":
            return _checked_number(item.name, value, rule)
        case "choice":
            if value not in rule["choices"]:
                raise ControlError(item.name, value, "one of " + ", ".join(rule["choices"]))
            return value
        case "switch":
            if not isinstance(value, bool):
                raise ControlError(item.name, value, "true or false")
            return value
        case "text":
            return _checked_text(item.name, value, rule["least"], rule["most"], exact=rule["exact"])
        case "loras":
            return _checked_loras(item.name, value)
        case "colour":
            if not isinstance(value, str) or not _COLOUR.fullmatch(value):
                raise ControlError(item.name, value, "a colour such as #00b140")
            return value.lower()
        case _:
            return _checked_blend(item.name, value, exact=rule.get("exact", False))


def _checked_number(name: str, value: Any, rule: Mapping[str, Any]) -> float | int:
    low, high = rule["low"], rule["high"]
    words = f"{low:g} to {high:g}" if high < 1e9 else f"{low:d} to {high:d}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ControlError(name, value, f"a number from {words}")
    if not low <= value <= high:  # also true of nan, and of integers too long for a float
        raise ControlError(name, value, words)
    if rule["kind"] == "integer":
        if value != int(value):
            raise ControlError(name, value, f"a whole number from {words}")
        return int(value)
    return float(value)


def _checked_text(name: str, value: Any, least: int, most: int, *, exact: bool = False) -> str:
    if not isinstance(value, str) or (exact and not value.isprintable()):
        raise ControlError(name, value, "text")
    cleaned = value if exact else " ".join(_ORDERS.sub(" ", value).split())
    if len(cleaned) < least:
        raise ControlError(name, value, "words that describe a look (for the untouched camera use mode bypass)")
    if len(cleaned) > most:
        raise ControlError(name, value[:40] + "...", f"at most {most} characters")
    return cleaned


def _checked_blend(name: str, value: Any, *, exact: bool) -> tuple[tuple[str, float], ...]:
    allowed = f"at most {BLEND_LIMIT} pairs of text and a weight from 0 to 10"
    try:
        pairs = [(text, weight) for text, weight in value]
    except (TypeError, ValueError):
        raise ControlError(name, value, allowed) from None
    if len(pairs) > BLEND_LIMIT:
        raise ControlError(name, value, allowed)
    checked = []
    for text, weight in pairs:
        rule = {"low": 0.0, "high": 10.0, "kind": "number"}
        checked.append(
            (
                _checked_text(name, text, 1, NAME_LIMIT if exact else PROMPT_LIMIT, exact=exact),
                float(_checked_number(f"{name} weight", weight, rule)),
            )
        )
    return tuple(checked)


def is_lora_name(name: str) -> bool:
    """Whether a LoRA can be chosen by that name: text, and no path."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:  # bytes of another coding, as old archives have them in names
        return False
    return length <= LORA_NAME_BYTES and _LORA.fullmatch(name) is not None


def _checked_loras(name: str, value: Any) -> tuple[tuple[str, float], ...]:
    low, high = LORA_SCALES
    allowed = f"at most {LORA_LIMIT} names of LoRAs, each with a scale from {low:g} to {high:g}"
    try:
        found = dict(value)
    except (TypeError, ValueError):
        raise ControlError(name, value, allowed) from None
    if len(found) > LORA_LIMIT or not all(isinstance(lora, str) and is_lora_name(lora) for lora in found):
        raise ControlError(name, value, allowed)
    rule = {"low": low, "high": high, "kind": "number"}
    return tuple((lora, float(_checked_number(f"{name} {lora}", scale, rule))) for lora, scale in found.items())
