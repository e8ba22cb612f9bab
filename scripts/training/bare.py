"""Does a single word put nearly the bare picture on air? A prompt is taken as a look if one of its words names one.

Part of a name ("16" of "16 bit game") may mean nothing to the model by itself; then it stands among the words that a
prompt may hold beside a look (`captions.WEAK_ALONE`), and the library answers it with the general paint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from streamv2v.models.vocabulary import vocabulary_of
from training.captions import STYLE_WORDS
from training.measures import psnr

MOST_BARE_DB = 26.0
"""The least that a look has to change: oil paint, the mildest, is drawn at 21 dB from the photo."""


def words_alone(folder: Path) -> list[str]:
    """Names of looks, and the single words of them, that a model's folder takes for looks."""
    known = vocabulary_of(str(folder))
    names = {name for style, phrases in STYLE_WORDS.items() if style != "photo" for name in phrases}
    words = sorted(names | {word for name in names for word in name.split()})
    return words if known is None else [word for word in words if known.judge(word).names_a_look]


def bare_gate(
    draw: Callable[[list[np.ndarray], str, float], list[np.ndarray]],
    frames: list[np.ndarray],
    words: Iterable[str],
    *,
    strength: float = 0.5,
) -> dict[str, Any]:
    """The words whose pictures are nearly the frames [H, W, 3] themselves, with how near, dB of PSNR."""
    found = {}
    for word in words:
        pairs = zip(draw(frames, word, strength), frames, strict=True)
        found[word] = max(psnr(one, other) for one, other in pairs)
    bare = {word: near for word, near in found.items() if near > MOST_BARE_DB}
    return {"bare": bare, "words": len(found), "passed": not bare}
