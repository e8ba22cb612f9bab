"""Looks: named presets of live values, shipped ones and the person's own, in TOML.

A look is a table; its name is the table's name. Its number is in the table of numbers, or follows from its place:

    [pencil]
    title = "Pencil sketch"
    prompt = "a pencil sketch"
    strength = 0.55
    made_for = "sd15"

    [numbers]
    pencil = 3

The shipped looks come first, each in its place, also where the person's file has another of that name; then the
person's own, in the order of their file. A number that was given to a look stays with it. `made_for` is the family of
the model that it was made with; a look is offered with the models that it fits.
"""

from .family import FAMILIES, family_of
from .file import load_looks, parse_looks, shipped_looks, shipped_text
from .look import LOOK_CONTROLS, RESERVED_NAMES, Look, look_of
from .numbers import LookSet
from .samples import sample_of
from .shelf import Shelf
from .taking import Imported

__all__ = [
    "FAMILIES",
    "LOOK_CONTROLS",
    "RESERVED_NAMES",
    "Imported",
    "Look",
    "LookSet",
    "Shelf",
    "family_of",
    "load_looks",
    "look_of",
    "parse_looks",
    "sample_of",
    "shipped_looks",
    "shipped_text",
]
