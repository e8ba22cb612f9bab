"""Text on pictures: a drawn font where OpenCV brings one (5.x), its stroke font where not (4.x)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ..frame import Pixels
from ..system.opencv import cv2

Colour = tuple[int, int, int]
_FACE = cv2.FontFace("sans") if hasattr(cv2, "FontFace") else None
_STROKES = cv2.FONT_HERSHEY_DUPLEX
_STROKE_EM = 30.0
# OpenCV keeps one table of drawn letters for the whole process and does not guard it: two threads that draw at once get
# wrong letters, which then stay in the table.
_one_at_a_time = threading.Lock()


def draw_text(pixels: Pixels, text: str, left: int, baseline: int, *, size: int, colour: Colour, weight: int = 400):
    """Write one line into `pixels`.

    Args:
        left, baseline: of the first letter, in pixels.
        size: of the letters in pixels, about that from one line's foot to the next one's.
        weight: 400 is regular, 700 bold.
    """
    if _FACE is not None:
        with _one_at_a_time:
            cv2.putText(pixels, text, (left, baseline), colour, _FACE, size, weight)
    else:
        thickness = max(1, round(size * weight / 12000))
        cv2.putText(pixels, text, (left, baseline), _STROKES, size / _STROKE_EM, colour, thickness, cv2.LINE_AA)


def text_width(text: str, *, size: int, weight: int = 400) -> int:
    """Width of one line in pixels."""
    if _FACE is not None:
        with _one_at_a_time:
            return cv2.getTextSize((0, 0), text, (0, 0), _FACE, size, weight)[2]
    return cv2.getTextSize(text, _STROKES, size / _STROKE_EM, max(1, round(size * weight / 12000)))[0][0]


def wrapped(text: str, width: int, *, size: int, lines: int) -> Iterator[str]:
    """`text` broken between words into at most `lines` lines; what does not fit ends in an ellipsis."""
    words, line, given = text.split(), "", 0
    for position, word in enumerate(words):
        longer = f"{line} {word}".strip()
        if not line or text_width(longer, size=size) <= width:
            line = longer
            continue
        given += 1
        if given == lines:
            yield shortened(f"{line} {' '.join(words[position:])}", width, size=size)
            return
        yield line
        line = word
    if line:
        yield shortened(line, width, size=size)


def shortened(text: str, width: int, *, size: int) -> str:
    """`text` cut so that it fits, with three dots where something is missing."""
    if text_width(text, size=size) <= width:
        return text
    while text and text_width(text + "...", size=size) > width:
        text = text[:-1]
    return text.rstrip() + "..."
