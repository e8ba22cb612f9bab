"""All teachers: what each style should make of a photo, the classical ones and the painters."""

from __future__ import annotations

from training.looks_targets import CLASSICAL, Teacher
from training.painters import PAINTED

TEACHERS: dict[str, Teacher] = {**CLASSICAL, **PAINTED}
STYLES: tuple[str, ...] = tuple(TEACHERS)
# What a sentence of words that nobody taught is answered with: paint in the picture's own colours.
GENERAL = "oil"
