"""The pictures shown when there is none: a slate that says why, and the privacy cover that does not."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from ..airstate import AirState
from ..frame import Pixels
from ..system.opencv import cv2
from .lettering import Colour, draw_text, text_width, wrapped

PRODUCT = "StreamV2V"
KEPT = 8
INK: Colour = (240, 241, 246)
QUIET: Colour = (166, 172, 190)
FAINT: Colour = (112, 119, 140)
GIVEN_UP_TITLE = "No picture"
TITLES = {
    AirState.STARTING: "Starting",
    AirState.RESTING: "Starting",
    AirState.CAMERA_LOST: "Back in a moment",
    AirState.ENGINE_RESTARTING: "Back in a moment",
    AirState.SINK_LOST: "Output lost",
    AirState.FREEZE: "Picture frozen",
    AirState.BYPASS: "Starting",
    AirState.LIVE: "Starting",
    AirState.PRIVACY: "Camera is off for a moment",
}
ACCENTS: dict[AirState, Colour] = {
    AirState.STARTING: (94, 200, 216),
    AirState.CAMERA_LOST: (240, 150, 92),
    AirState.ENGINE_RESTARTING: (232, 190, 92),
    AirState.SINK_LOST: (240, 150, 92),
}


class Slate:
    """Draws slates of one size; each text is drawn once, the last few are kept.

    Args:
        width, height: published size in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._ground = _ground(width, height, top=(20, 23, 34), bottom=(36, 41, 58), glow=(58, 74, 104))
        self._kept: OrderedDict[tuple[AirState, str, str, bool], Pixels] = OrderedDict()

    def picture(self, state: AirState, reason: str = "", progress: str = "", *, given_up: bool = False) -> Pixels:
        """The slate for a state, RGB uint8 `[H, W, 3]`; the same array for the same words.

        Args:
            state: what it is about.
            reason: one line, broken where it is long.
            progress: short, at the foot.
            given_up: the outage will not end by itself, so nothing is promised.
        """
        key = (state, reason, progress, given_up)
        if key not in self._kept:
            self._kept[key] = self._draw(*key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _draw(self, state: AirState, reason: str, progress: str, given_up: bool) -> Pixels:
        pixels = self._ground.copy()
        unit = min(self._height / 720, self._width / 1280)
        left, accent = round(104 * unit), ACCENTS.get(state, ACCENTS[AirState.STARTING])
        _mark(pixels, left, round(96 * unit), unit, accent)
        draw_text(
            pixels, PRODUCT, left + round(50 * unit), round(106 * unit), size=_size(30, unit), colour=QUIET, weight=600
        )
        middle = round(self._height * 0.47)
        draw_text(
            pixels,
            GIVEN_UP_TITLE if given_up else TITLES[state],
            left,
            middle,
            size=_size(82, unit),
            colour=INK,
            weight=600,
        )
        line = middle + round(40 * unit)
        cv2.rectangle(pixels, (left + 3, line), (left + round(86 * unit), line + max(1, round(5 * unit))), accent, -1)
        size = _size(32, unit)
        for number, text in enumerate(wrapped(reason, self._width - 2 * left, size=size, lines=3)):
            draw_text(pixels, text, left, line + round((64 + 46 * number) * unit), size=size, colour=QUIET)
        if progress:
            size = _size(25, unit)
            text = next(wrapped(progress, self._width - 2 * left, size=size, lines=1))
            draw_text(pixels, text, left, self._height - round(74 * unit), size=size, colour=FAINT)
        return _finished(pixels)


def privacy_cover(width: int, height: int) -> Pixels:
    """The cover of privacy mode: calm, the same every time, and silent about reasons; RGB uint8 `[H, W, 3]`."""
    pixels = _ground(width, height, top=(62, 88, 104), bottom=(104, 122, 128), glow=(214, 186, 152))
    unit = min(height / 720, width / 1280)
    for x, y, radius, colour in (
        (0.16, 0.92, 250, (84, 112, 122)),
        (0.86, 1.00, 330, (92, 116, 124)),
        (0.52, 1.12, 360, (74, 100, 114)),
    ):
        cv2.circle(pixels, (round(width * x), round(height * y)), round(radius * unit), colour, -1, cv2.LINE_AA)
    pixels = cv2.GaussianBlur(pixels, (0, 0), max(1.0, 7 * unit))
    _closed_eye(pixels, width // 2, round(height * 0.40), unit)
    text, size = TITLES[AirState.PRIVACY], _size(44, unit)
    left = (width - text_width(text, size=size, weight=500)) // 2
    draw_text(pixels, text, left, round(height * 0.60), size=size, colour=(246, 242, 234), weight=500)
    return _finished(pixels)


def _ground(width: int, height: int, *, top: Colour, bottom: Colour, glow: Colour) -> Pixels:
    """A soft fall of light; a little fixed noise keeps video encoders from drawing bands into it."""
    rows = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None, None]
    columns = np.linspace(0.0, 1.0, width, dtype=np.float32)[None, :, None]
    ground = np.array(top, np.float32) * (1 - rows) + np.array(bottom, np.float32) * rows
    shine = np.exp(-(((columns - 0.78) / 0.42) ** 2) - ((rows - 0.30) / 0.50) ** 2)
    ground = ground + shine * 0.5 * (np.array(glow, np.float32) - ground)
    noise = np.random.default_rng(7).uniform(-1.2, 1.2, (height, width, 1)).astype(np.float32)
    return np.clip(ground + noise, 0, 255).astype(np.uint8)


def _mark(pixels: Pixels, left: int, middle: int, unit: float, accent: Colour) -> None:
    """The product's sign: a lens in a frame, half of it coloured in."""
    radius = round(16 * unit)
    centre = (left + radius + 1, middle)
    cv2.circle(pixels, centre, radius, QUIET, max(1, round(3 * unit)), cv2.LINE_AA)
    cv2.ellipse(pixels, centre, (round(9 * unit), round(9 * unit)), -90, 0, 180, accent, -1, cv2.LINE_AA)
    cv2.ellipse(pixels, centre, (round(9 * unit), round(9 * unit)), 90, 0, 180, FAINT, -1, cv2.LINE_AA)


def _closed_eye(pixels: Pixels, x: int, y: int, unit: float) -> None:
    """A lid with lashes, at rest."""
    colour, thickness = (246, 242, 234), max(1, round(6 * unit))
    cv2.ellipse(pixels, (x, y), (round(74 * unit), round(40 * unit)), 0, 18, 162, colour, thickness, cv2.LINE_AA)
    for angle in (40, 65, 90, 115, 140):
        turn = np.deg2rad(angle)
        foot = (round(x + 74 * unit * np.cos(turn)), round(y + 40 * unit * np.sin(turn)))
        tip = (round(x + 92 * unit * np.cos(turn)), round(y + 66 * unit * np.sin(turn)))
        cv2.line(pixels, foot, tip, colour, max(1, round(5 * unit)), cv2.LINE_AA)


def _size(pixels_at_720: int, unit: float) -> int:
    return max(8, round(pixels_at_720 * unit))


def _finished(pixels: Pixels) -> Pixels:
    """Kept and handed out many times, so nobody may write into it."""
    pixels.setflags(write=False)
    return pixels
