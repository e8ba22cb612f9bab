"""A pairing code as a picture: what `serve` shows beside the letters, so that a camera can read it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np

from ...errors import SettingsError
from ...interfaces import Source
from ...system.opencv import cv2
from .address import ServerAddress, server_address
from .pairing import code_letters

SCHEME = "streamv2v-cam"
QUIET = 2
"""Light modules around the code."""
_HALVES = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}


@dataclass(frozen=True)
class Invitation:
    """Where a server is and the code that it shows.

    Attributes:
        addresses: under which it may be reached, its name first.
        code: as it is shown.
    """

    addresses: tuple[ServerAddress, ...]
    code: str

    def __str__(self) -> str:
        first, *others = map(str, self.addresses)
        also = f"?at={quote(','.join(others), safe=',:')}" if others else ""
        return f"{SCHEME}://{first}/{self.code}{also}"


def invitation_of(text: str) -> Invitation:
    """Read an `Invitation` from its text.

    Raises:
        SettingsError: it is none.
    """
    parts = urlsplit(text)
    code = parts.path.strip("/")
    if parts.scheme != SCHEME or not re.fullmatch(r"[A-Za-z0-9-]{12,20}", code):
        raise SettingsError(f"{text[:60]!r} is no code of an engine server.")
    code_letters(code)
    others = ",".join(parse_qs(parts.query).get("at", [])).split(",")
    return Invitation(tuple(server_address(one) for one in (parts.netloc, *filter(None, others))), code)


def drawn(text: str) -> str:
    """A QR code of half blocks, for a terminal with light letters on dark."""
    coded = np.asarray(cv2.QRCodeEncoder.create().encode(text))
    modules = np.pad(coded[_inner(coded)] < 128, QUIET)
    if len(modules) % 2:
        modules = np.pad(modules, ((0, 1), (0, 0)))
    rows = zip(modules[::2], modules[1::2], strict=True)
    return "\n".join("".join(_HALVES[bool(high), bool(low)] for high, low in zip(*row, strict=True)) for row in rows)


def scanned(source: Source, *, within_s: float, clock: Callable[[], float] = time.monotonic) -> Invitation:
    """The first code of an engine server that a camera sees.

    Raises:
        SettingsError: none came into view.
        SourceError: the camera is lost.
    """
    reader, until_s = cv2.QRCodeDetector(), clock() + within_s
    while clock() < until_s:
        pixels = source.read()
        if pixels is None:
            break
        text, *_ = reader.detectAndDecode(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
        if text.startswith(f"{SCHEME}:"):
            return invitation_of(text)
    raise SettingsError(
        "No code of an engine server came into view. Hold the one that `streamv2v-cam serve` shows before the camera, "
        "or type its letters: streamv2v-cam pair ADDRESS CODE"
    )


def _inner(coded: np.ndarray) -> tuple[slice, slice]:
    """Where the code itself is, without the margin."""
    dark = np.argwhere(coded < 128)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    return slice(top, bottom + 1), slice(left, right + 1)
