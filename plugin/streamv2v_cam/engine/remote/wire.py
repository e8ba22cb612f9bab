"""What host and engine server say to each other: words as JSON, pictures as binary messages with a short head.

The words are those between a host and its engine process (`engine/protocol.py`), rebuilt from plain values at the other
end: nothing that comes over the line is ever unpickled.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any

from streamv2v.controls import Controls
from streamv2v.errors import ControlError
from streamv2v.prompts.reading import TextModel

from ...store import Snapshot
from ..protocol import Failure, FailureKind, Message, Notice, Progress, Ready
from .codec import CODECS, PictureError, coded, decoded

PROTOCOL = 1
"""Raised when old and new no longer understand each other."""
LONGEST_WORDS = 8 << 20
"""Bytes of one message of words; a tokenizer is the longest, with a few megabytes."""
_HEAD = struct.Struct("!BHHQQdQ")


class WireError(ValueError):
    """The other side sent what this side does not understand."""


@dataclass(frozen=True)
class Hello:
    """The host's first words.

    Attributes:
        width, height: of the pictures in both directions, px.
        codec: how they are written, one of `CODECS`.
        snapshot: live values to start with.
        version: of the program, for words to people.
        protocol: what it speaks.
    """

    width: int
    height: int
    codec: str
    snapshot: Snapshot
    version: str = ""
    protocol: int = PROTOCOL


@dataclass(frozen=True)
class Arrived:
    """The picture with that number has come, and so have all before it that ever will."""

    sequence: int


@dataclass(frozen=True)
class Picture:
    """A picture with its number.

    Attributes:
        pixels: RGB uint8 `[H, W, 3]`.
        sequence: of the captured frame it is, or, styled, that it shows.
        taken: of the newest captured frame that the engine has seen; 0 of a captured one.
        engine_ms: time the engine took for it.
        revision: of the live values it was made with.
    """

    pixels: Any
    sequence: int
    taken: int = 0
    engine_ms: float = 0.0
    revision: int = 0


def picture_bytes(picture: Picture, codec: str, quality: int) -> bytes:
    """A binary message."""
    height, width = picture.pixels.shape[:2]
    head = _HEAD.pack(
        CODECS.index(codec), width, height, picture.sequence, picture.taken, picture.engine_ms, picture.revision
    )
    return head + coded(picture.pixels, codec, quality)


def picture_of(data: bytes, width: int, height: int) -> Picture:
    """The picture of a binary message.

    Raises:
        WireError: it is none, or not of that size.
    """
    if len(data) < _HEAD.size:
        raise WireError(f"{len(data)} bytes are no picture")
    codec, wide, high, sequence, taken, engine_ms, revision = _HEAD.unpack_from(data)
    if codec >= len(CODECS) or (wide, high) != (width, height):
        raise WireError(f"a picture of {wide}x{high} where {width}x{height} was agreed on")
    try:
        pixels = decoded(memoryview(data)[_HEAD.size :], CODECS[codec], width, height)
    except PictureError as error:
        raise WireError(str(error)) from None
    return Picture(pixels, sequence, taken, engine_ms, revision)


def words(said: Hello | Snapshot | Arrived | Message) -> str:
    """A message of words."""
    if isinstance(said, Hello):
        body = {**asdict(said), "snapshot": _snapshot_values(said.snapshot)}
    elif isinstance(said, Snapshot):
        body = _snapshot_values(said)
    elif isinstance(said, Ready):
        text = None if said.text is None else {**asdict(said.text), "embeddings": dict(said.text.embeddings)}
        body = {"delay_frames": said.delay_frames, "facts": said.facts, "text": text}
    else:
        body = asdict(said)
    return json.dumps({"say": type(said).__name__.lower(), **body}, default=str)


def heard(text: str) -> Hello | Snapshot | Arrived | Message:
    """What a message of words says.

    Raises:
        WireError: nothing that is known here.
    """
    try:
        body = json.loads(text)
        kind = body.pop("say")
        return _KINDS[kind](body)
    except (ValueError, TypeError, KeyError, AttributeError, ControlError) as error:
        raise WireError(f"words that are not understood ({type(error).__name__}: {str(error)[:200]})") from None


def _snapshot_values(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "controls": snapshot.controls.as_dict(),
        "revision": snapshot.revision,
        "bank_resets": snapshot.bank_resets,
        "look": snapshot.look,
    }


def _snapshot(body: dict[str, Any]) -> Snapshot:
    values = dict(body["controls"])
    values["blend"] = tuple((str(words), float(weight)) for words, weight in values.get("blend", ()))
    return Snapshot(Controls().patched(values), int(body["revision"]), int(body["bank_resets"]), look=body.get("look"))


def _hello(body: dict[str, Any]) -> Hello:
    if body.get("codec") not in CODECS:
        raise WireError(f"the way of writing pictures {body.get('codec')!r}")
    size = int(body["width"]), int(body["height"])
    return Hello(*size, body["codec"], _snapshot(body["snapshot"]), str(body["version"]), int(body["protocol"]))


def _ready(body: dict[str, Any]) -> Ready:
    text = body["text"]
    if text is not None:
        named = {str(name): tuple(int(one) for one in ids) for name, ids in text.pop("embeddings").items()}
        text = TextModel(**text, embeddings=named)
    return Ready(int(body["delay_frames"]), dict(body["facts"]), text)


_KINDS: dict[str, Any] = {
    "hello": _hello,
    "snapshot": _snapshot,
    "arrived": lambda body: Arrived(int(body["sequence"])),
    "progress": lambda body: Progress(str(body["text"]), body["share"]),
    "notice": lambda body: Notice(str(body["text"]), bool(body["lasting"]), body["facts"]),
    "ready": _ready,
    "failure": lambda body: Failure(FailureKind(body["kind"]), str(body["reason"]), str(body["detail"])),
}
