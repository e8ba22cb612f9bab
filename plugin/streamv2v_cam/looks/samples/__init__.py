"""Pictures that a look has before the person's own: the drawn presenter, by the model that ships.

Made by `scripts/draw_samples.py`, one for each look for that model, and the presenter without a look.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from streamv2v.config import EMBEDDED_MODEL

from ..file import shipped_looks
from ..look import Look

FOLDER = Path(__file__).parent
PLAIN = "_plain"
_NO_STYLE = frozenset(
    {"a", "an", "and", "as", "by", "for", "from", "in", "into", "like", "of", "on", "or", "over", "the", "to", "with"}
    | {"person", "portrait", "picture"}
)


def sample_of(look: Look) -> bytes:
    """A JPEG that shows about what a look is like: its own sample, or that of the nearest look that has one.

    A look that has no word of a style in common with any gets the presenter without a look.
    """
    return (FOLDER / f"{_nearest(look.name, look.prompt)}.jpg").read_bytes()


@cache
def _nearest(name: str, prompt: str) -> str:
    shown = {known.name: known.prompt for known in shipped_looks(EMBEDDED_MODEL)}
    if shown.get(name) == prompt:
        return name
    words = _style_words(prompt)
    shared = {known: _likeness(words, _style_words(text)) for known, text in shown.items()}
    best = max(shared, key=lambda known: shared[known])
    return best if shared[best] > 0 else PLAIN


def _style_words(prompt: str) -> frozenset[str]:
    cleaned = "".join(sign if sign.isalnum() else " " for sign in prompt.casefold())
    return frozenset(cleaned.split()) - _NO_STYLE


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
