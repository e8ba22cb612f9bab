"""What host and engine server say to each other: words as JSON, pictures as binary messages with a short head.

The words are those between a host and its engine process (`engine/protocol.py`), rebuilt from plain values at the other
end: nothing that comes over the line is ever unpickled.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, replace
from typing import Any

from streamv2v.controls import CONTROL_NAMES, Controls
from streamv2v.errors import ControlError
from streamv2v.prompts.reading import TextModel

from ...frame import Pixels
from ...store import Snapshot
from ..protocol import Failure, FailureKind, Message, Notice, Progress, Ready
from .choosing import CHOICES
from .codec import CODECS, STILL

PROTOCOL = 1
"""Raised when old and new no longer understand each other."""
NO_REFERENCE: dict[str, Any] = {"reference": "", "reference_blend": []}
"""Reference pictures stay on the host's machine, and so do their names."""
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
        codec: how they are written where nothing better is agreed on, one of `STILL`.
        snapshot: live values to start with.
        version: of the program, for words to people.
        protocol: what it speaks.
        reads: codecs that the host reads beside those; a server that is told of some answers with `Reads`.
        asked: how the host would have pictures written in both directions, one of `CHOICES`; "" for `codec`.
    """

    width: int
    height: int
    codec: str
    snapshot: Snapshot
    version: str = ""
    protocol: int = PROTOCOL
    reads: tuple[str, ...] = ()
    asked: str = ""


@dataclass(frozen=True)
class Reads:
    """Codecs that the server reads beside JPEG and raw; said only to a host that has said the same."""

    codecs: tuple[str, ...]


@dataclass(frozen=True)
class KeyframeWanted:
    """The last picture could not be read: the next one must be readable by itself."""


@dataclass(frozen=True)
class Arrived:
    """The picture with that number has come, and so have all before it that ever will."""

    sequence: int


@dataclass(frozen=True)
class Picture:
    """A picture with its number.

    Attributes:
        pixels: RGB uint8 `[H, W, 3]`; None where they could not be read.
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

    def with_pixels(self, pixels: Pixels) -> Picture:
        return replace(self, pixels=pixels)


def picture_head(picture: Picture, codec: str) -> bytes:
    """What stands before the pixels in a binary message."""
    height, width = picture.pixels.shape[:2]
    return _HEAD.pack(
        CODECS.index(codec), width, height, picture.sequence, picture.taken, picture.engine_ms, picture.revision
    )


def read_head(data: bytes, width: int, height: int) -> tuple[int, Picture, memoryview]:
    """Number of the codec, the picture still without pixels, and their bytes.

    Raises:
        WireError: it is no binary message of a picture of that size.
    """
    if len(data) < _HEAD.size:
        raise WireError(f"{len(data)} bytes are no picture")
    codec, wide, high, sequence, taken, engine_ms, revision = _HEAD.unpack_from(data)
    if codec >= len(CODECS) or (wide, high) != (width, height):
        raise WireError(f"a picture of {wide}x{high} where {width}x{height} was agreed on")
    return codec, Picture(None, sequence, taken, engine_ms, revision), memoryview(data)[_HEAD.size :]


Words = Hello | Reads | KeyframeWanted | Snapshot | Arrived | Message
"""All that is said besides pictures."""


def words(said: Words) -> str:
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


def heard(text: str) -> Words:
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
        "controls": snapshot.controls.as_dict() | NO_REFERENCE,
        "revision": snapshot.revision,
        "bank_resets": snapshot.bank_resets,
        "look": snapshot.look,
    }


def _snapshot(body: dict[str, Any]) -> Snapshot:
    # the other side may be newer: a control that this one does not have yet changes nothing here
    values = {name: value for name, value in body["controls"].items() if name in CONTROL_NAMES} | NO_REFERENCE
    values["blend"] = tuple((str(words), float(weight)) for words, weight in values.get("blend", ()))
    return Snapshot(Controls().patched(values), int(body["revision"]), int(body["bank_resets"]), look=body.get("look"))


def _hello(body: dict[str, Any]) -> Hello:
    asked = body.get("asked") or body.get("codec")
    if body.get("codec") not in STILL or asked not in CHOICES:
        raise WireError(f"the way of writing pictures {asked!r}")
    snapshot = _snapshot(body["snapshot"])
    return Hello(
        int(body["width"]),
        int(body["height"]),
        body["codec"],
        snapshot,
        str(body["version"]),
        int(body["protocol"]),
        _codecs(body.get("reads", ())),
        str(asked),
    )


def _codecs(named: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in list(named)[:16])


def _ready(body: dict[str, Any]) -> Ready:
    text = body["text"]
    if text is not None:
        named = {str(name): tuple(int(one) for one in ids) for name, ids in text.pop("embeddings").items()}
        text = TextModel(**text, embeddings=named)
    return Ready(int(body["delay_frames"]), dict(body["facts"]), text)


_KINDS: dict[str, Any] = {
    "hello": _hello,
    "snapshot": _snapshot,
    "reads": lambda body: Reads(_codecs(body["codecs"])),
    "keyframewanted": lambda body: KeyframeWanted(),
    "arrived": lambda body: Arrived(int(body["sequence"])),
    "progress": lambda body: Progress(str(body["text"]), body["share"]),
    "notice": lambda body: Notice(str(body["text"]), bool(body["lasting"]), body["facts"]),
    "ready": _ready,
    "failure": lambda body: Failure(FailureKind(body["kind"]), str(body["reason"]), str(body["detail"])),
}
