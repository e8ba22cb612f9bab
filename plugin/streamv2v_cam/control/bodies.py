"""What comes in: JSON objects, their fields and ranges; and what a refusal says."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamv2v.controls import LORA_SCALES, describe_controls
from streamv2v.errors import ControlError

from ..knownwords import UnknownLook

COMMANDS = Literal[
    "next_look",
    "previous_look",
    "look",
    "strength_up",
    "strength_down",
    "effect",
    "bypass",
    "freeze",
    "privacy",
    "toggle_bypass",
    "toggle_freeze",
    "toggle_privacy",
    "leave_privacy",
    "new_seed",
    "reset_bank",
    "start_recording",
    "stop_recording",
    "toggle_recording",
]
SHOWN_LENGTH = 80


class BadBody(Exception):
    """A body that is no JSON object: status and one line why."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class Body(BaseModel):
    """Base of every body: strict types, no field that nobody knows."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Command(Body):
    """One command, as a key or button gives it."""

    command: COMMANDS
    number: Annotated[int, Field(ge=1, le=999, description="of a look; for the command look")] | None = None
    name: Annotated[str, Field(min_length=1, max_length=40, description="of a look; for the command look")] | None = (
        None
    )
    step: Annotated[
        float, Field(ge=0.01, le=0.5, description="for strength_up and strength_down; 0.05 if not given")
    ] = 0.05


class SavedLook(Body):
    """Keep the current setting as a look."""

    title: Annotated[str, Field(min_length=1, max_length=200, description="for people, in any script")]
    name: (
        Annotated[
            str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="short name; made from the title if not given")
        ]
        | None
    ) = None
    replace: Annotated[bool, Field(description="write over the look of that name or title")] = False


class ChangedLook(Body):
    """What of a look changes; what is not given stays."""

    title: Annotated[str, Field(min_length=1, max_length=200, description="for people, in any script")] | None = None
    number: (
        Annotated[int, Field(ge=1, le=999, description="1 to 9 are keys; a look that has it gets the other's")] | None
    ) = None


class CopiedLook(Body):
    """A copy of a look."""

    title: (
        Annotated[str, Field(min_length=1, max_length=200, description="of the copy; made up if not given")] | None
    ) = None


class ImportedLooks(Body):
    """Looks of a file."""

    text: Annotated[str, Field(min_length=1, description="what is in the file (TOML)")]
    same_title: Annotated[
        Literal["ask", "replace", "skip"], Field(description="what becomes of a look whose title another has here")
    ] = "ask"


class ChosenSource(Body):
    """Another source, by an id from the list of sources."""

    id: Annotated[str, Field(min_length=1, max_length=40)]


class ChosenSize(Body):
    """Another size of the engine, by its name, or auto for a choice by the engine's rate."""

    size: Annotated[str, Field(min_length=1, max_length=40, description="auto, or small to large: see the list")]
    wanted_fps: (
        Annotated[float, Field(ge=0.5, le=60, description="for auto: pictures a second that the engine should give")]
        | None
    ) = None


class ChosenModel(Body):
    """Another model of the engine, by its name in the list; never a path or an address."""

    name: Annotated[str, Field(min_length=1, max_length=80, description="of a model: see the list")]


class OnDemandMode(Body):
    """Whether camera and engine rest while nobody watches, from now to the end of the run."""

    on: bool


class EmptyBody(Body):
    """Nothing is said; an empty object says so."""


class ObsState(Body):
    """What the OBS process knows of OBS; `hand` marks the process, `obs` the OBS it speaks for."""

    connected: bool
    hand: Annotated[str, Field(max_length=200)] = ""
    obs: Annotated[str, Field(max_length=200)] = ""
    reason: Annotated[str, Field(max_length=200)] = ""
    version: Annotated[str, Field(max_length=200)] = ""
    scene: Annotated[str, Field(max_length=200)] = ""
    streaming: bool = False
    recording: bool = False


class Ticket(Body):
    """A ticket for the token, good once."""

    ticket: Annotated[str, Field(min_length=1, max_length=100)]


BodyKind = TypeVar("BodyKind", bound=Body)


def read_object(raw: bytes | str) -> dict[str, Any]:
    """A JSON object from a request or message.

    Raises:
        BadBody: no JSON, no object, or text that is no Unicode.
    """
    try:
        found = json.loads(raw, parse_constant=_no_constant)
        # half of a surrogate pair is valid JSON and no text: it could not be sent on
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise BadBody(400, "The body is not valid JSON.") from None
    if not isinstance(found, dict):
        raise BadBody(422, "The body must be a JSON object.")
    return found


def understood(kind: type[BodyKind], found: dict[str, Any]) -> BodyKind:
    """The body as one of the kinds above.

    Raises:
        ControlError: names the field, what was given and what is allowed.
    """
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"][:1]) or "body"
        allowed = re.sub(r"^\w+ should (?:be|have|match) ", "", first["msg"])
        if first["type"] == "extra_forbidden":
            allowed = "one of the fields " + ", ".join(kind.model_fields)
        elif first["type"] == "missing":
            raise ControlError(name, None, "a value; this field must be there") from None
        raise ControlError(name, first["input"], allowed) from None


def refusal(error: ControlError) -> dict[str, Any]:
    """A refused value, ready for JSON."""
    given = error.given if isinstance(error.given, (str, int, bool, type(None))) else repr(error.given)
    if isinstance(given, int) and abs(given) > 2**53:
        given = repr(given) if given.bit_length() < 4096 else "a very long number"
    if isinstance(given, str) and len(given) > SHOWN_LENGTH:
        given = given[: SHOWN_LENGTH - 3] + "..."
    told = {"error": str(error), "field": error.field, "given": given, "allowed": error.allowed}
    return {**told, "error": error.told, "unknown": list(error.unknown)} if isinstance(error, UnknownLook) else told


def controls_schema() -> dict[str, Any]:
    """The JSON schema of a patch of controls, from the ranges that are declared beside the controls."""
    return {
        "type": "object",
        "title": "ControlsPatch",
        "additionalProperties": False,
        "properties": {name: _schema_of(rule) for name, rule in describe_controls().items()},
    }


def _schema_of(rule: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": rule["help"], "default": rule["default"]}
    match rule["kind"]:
        case "number" | "integer" as kind:
            return {**schema, "type": kind, "minimum": rule["low"], "maximum": rule["high"]}
        case "choice":
            return {**schema, "type": "string", "enum": rule["choices"]}
        case "switch":
            return {**schema, "type": "boolean"}
        case "text":
            return {**schema, "type": "string", "maxLength": rule["most"]}
        case "loras":
            scale = {"type": "number", "minimum": LORA_SCALES[0], "maximum": LORA_SCALES[1]}
            return {**schema, "type": "object", "maxProperties": rule["most"], "additionalProperties": scale}
        case "colour":
            return {**schema, "type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}
        case _:
            pair = {"type": "array", "minItems": 2, "maxItems": 2}
            return {**schema, "type": "array", "maxItems": rule["most"], "items": pair}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
