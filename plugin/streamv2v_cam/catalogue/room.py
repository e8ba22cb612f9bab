"""What this machine has for a model, and whether one fits: the arithmetic of the engine, before anything is fetched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamv2v.errors import StreamV2VError
from streamv2v.models.preflight import MIB, needs_of, size_words

from ..doctor.case import Case
from ..doctor.graphics import nvidia_card
from ..doctor.machine import Machine
from ..engine.memory_needs import memory_needs
from ..settings.another import with_model
from .entries import SHAPES, Entry

if TYPE_CHECKING:
    from ..settings import LoadedSettings

OTHERS_BYTES = {"cuda": 1024 * MIB, "mps": 4096 * MIB, "cpu": 2048 * MIB}
"""What the desktop, a browser and OBS keep for themselves. Not measured: common figures."""


@dataclass(frozen=True)
class Room:
    """What models run on here.

    Attributes:
        device: "cuda", "mps" or "cpu".
        words: for people, "the GeForce RTX 3060".
        total_bytes: of its memory.
    """

    device: str
    words: str
    total_bytes: int

    @property
    def half(self) -> bool:
        """Whether networks run in 16 bits, unless a person has set something else."""
        return self.device != "cpu"


@dataclass(frozen=True)
class Fit:
    """Whether a model fits.

    Attributes:
        fits: its memory is there.
        needs_bytes: what it takes; 0 where that could not be told.
        words: for people, one line without a full stop.
    """

    fits: bool
    needs_bytes: int
    words: str


def room_of(settings: LoadedSettings, machine: Machine | None = None) -> Room:
    """What the engine of these settings would run on: the card as the doctor finds it, else the machine's memory."""
    import psutil

    wanted = settings.engine.device.split(":")[0]
    card = nvidia_card(Case(machine or Machine())) if wanted in ("auto", "cuda") else None
    if card is not None:
        return Room("cuda", f"the {card.name}", card.total_mib * MIB)
    return Room("mps" if wanted == "mps" else "cpu", "this machine", psutil.virtual_memory().total)


def fit_of(entry: Entry, model: str, *, here: bool, room: Room, settings: LoadedSettings) -> Fit:
    """Whether a model fits this machine.

    Args:
        model: what the engine would take for it.
        here: its files say what it is made of; else its family does.
    """
    config = replace(with_model(settings, model).stream_config(), device=room.device)
    dtype = config.dtype if config.dtype != "auto" else "float16" if room.half else "float32"
    try:
        if here:
            needs = memory_needs(replace(config, dtype=dtype))[0]
        else:
            needs = needs_of(config, SHAPES[entry.family], dtype=dtype, device=room.device)
    except (StreamV2VError, OSError) as error:
        return Fit(False, 0, " ".join(str(error).replace(model, entry.name).split()).removesuffix("."))
    wanted, left = needs.total_bytes, max(0, room.total_bytes - OTHERS_BYTES[room.device])
    if wanted > left:
        words = f"needs {size_words(wanted)}, and {room.words} has {size_words(left)} for it"
        return Fit(False, wanted, words)
    if room.device == "cpu" and entry.speed != "processor":
        return Fit(True, wanted, "fits, and is slow here: it is made for a graphics card")
    return Fit(True, wanted, "fits")
