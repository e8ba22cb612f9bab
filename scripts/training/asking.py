"""What is asked of the model in training: a style, a palette and a mood, and a sentence that names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.captions import compose, compose_photo, compose_unknown
from training.teachers import GENERAL
from training.toning import random_toning

# How often a style is drawn against the others: those that were learned last are shown more.
SHARES: Mapping[str, float] = {
    "photo": 0.4, "pencil": 0.7, "charcoal": 0.8, "linocut": 0.7, "comic": 0.8, "cartoon": 0.8, "neon": 0.7,
    "blueprint": 0.7, "pixel": 0.5, "vintage": 0.6, "thermal": 0.8, "popart": 0.7, "glitch": 0.4, "oil": 1.3,
    "illustration": 1.2, "mosaic": 1.4, "starry": 1.4, "cubist": 1.3, "ukiyoe": 1.2, "glass": 1.2, "frost": 0.7,
    "inferno": 0.8, "streetart": 1.2, "fauvist": 1.2, "woodcut": 1.2,
}  # fmt: skip
# Prompts that ask for the photo, and those that name no look.
PHOTOS, UNKNOWN = 0.07, 0.1


@dataclass(frozen=True)
class Request:
    """A sentence, and what it means: keys of a style, a palette and a mood ("" for none)."""

    words: str
    style: str
    palette: str = ""
    mood: str = ""


def random_request(rng: np.random.Generator, there: Sequence[str]) -> Request:
    """A request for one of the styles that are `there`, or for the photo; sentences without a look mean GENERAL."""
    kind = rng.random()
    if kind < PHOTOS:
        return Request(compose_photo(rng), "photo")
    palette, mood = random_toning(rng)
    if kind < PHOTOS + UNKNOWN and GENERAL in there:
        return Request(compose_unknown(rng, palette=palette, mood=mood), GENERAL, palette, mood)
    shares = np.array([SHARES.get(name, 1.0) for name in there])
    style = there[int(rng.choice(len(there), p=shares / shares.sum()))]
    return Request(compose(rng, style=style, palette=palette, mood=mood), style, palette, mood)
