"""The room behind the presenter: a window, a shelf, a plant and a lamp, out of focus."""

from __future__ import annotations

from ...frame import Pixels
from ...system.opencv import cv2
from .layers import Colour, Layer

MARGIN = 40
BOOKS: tuple[Colour, ...] = (
    (164, 74, 62), (214, 178, 108), (66, 98, 120), (228, 220, 204), (92, 124, 92),
    (120, 72, 92), (198, 122, 70), (58, 66, 88), (176, 186, 170), (148, 52, 56),
)  # fmt: skip


def paint_room(scale: float) -> Pixels:
    """The room, RGB uint8, 1280 x 720 design pixels with `MARGIN` more on every side."""
    # At half the size: out of focus it shows no more, and it is there four times as soon.
    room = Layer(1280 + 2 * MARGIN, 720 + 2 * MARGIN, origin=(MARGIN, MARGIN), scale=scale / 2, colour=(190, 176, 160))
    room.alpha[:] = 1.0
    everywhere = room.alpha.copy()
    room.paint(room.fall((0, 0), (1280, 300)), (128, 116, 112), strength=0.8, within=everywhere)
    room.paint(room.fall((0, 380), (0, 760)), (104, 88, 82), strength=0.55, within=everywhere)
    _window(room)
    _shelf(room)
    _plant(room)
    _lamp(room)
    pixels = cv2.GaussianBlur(room.sprite().pixels[1:-1, 1:-1], (0, 0), 2.2 * scale)
    size = (round((1280 + 2 * MARGIN) * scale), round((720 + 2 * MARGIN) * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)


def _box(room: Layer, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    room.paint(room.box(left, top, right, bottom), colour)


def _window(room: Layer) -> None:
    room.paint(room.box(40, -60, 366, 450, soft=40), (240, 226, 190), strength=0.45)
    _box(room, 70, -60, 336, 420, (236, 238, 236))
    _box(room, 84, -60, 322, 406, (176, 208, 232))
    room.paint(
        room.blob([(84, 406), (84, 300), (150, 262), (220, 300), (270, 270), (322, 310), (322, 406)]), (122, 156, 112)
    )
    room.paint(room.blob([(84, 406), (84, 350), (190, 330), (322, 366), (322, 406)]), (150, 176, 120))
    _box(room, 197, -60, 209, 406, (236, 238, 236))
    _box(room, 84, 176, 322, 186, (236, 238, 236))
    _box(room, 20, -60, 92, 470, (206, 120, 96))
    _box(room, 316, -60, 378, 470, (206, 120, 96))
    for x in (40, 66, 334, 358):
        room.paint(room.line([(x, -60), (x + 4, 470)], thickness=8, soft=4), (164, 84, 70), strength=0.7)


def _shelf(room: Layer) -> None:
    _box(room, 880, 40, 1230, 560, (112, 78, 56))
    for row, top in enumerate((58, 230, 402)):
        _box(room, 894, top, 1216, top + 150, (70, 50, 40))
        x = 900.0
        for number in range(11):
            turn = (row * 7 + number * 3) % 10
            width, height = 18 + (turn * 3) % 13, 96 + (turn * 11) % 40
            if row == 1 and number in (4, 5, 6):
                x += 30
                continue
            _box(room, x, top + 148 - height, x + width, top + 148, BOOKS[turn])
            x += width + 2.5
    room.paint(room.ellipse(1052, 346, 34, 32), (226, 214, 190))
    room.paint(room.ellipse(1044, 338, 18, 18, soft=8), (250, 244, 228), strength=0.8)


def _plant(room: Layer) -> None:
    for number, (x, y) in enumerate(
        [(-80, -130), (-48, -190), (0, -214), (46, -184), (86, -120), (-22, -120), (30, -116)]
    ):
        green = (70 + 9 * (number % 3), 124 + 12 * (number % 2), 72)
        leaf = [
            (470, 560),
            (470 + x * 0.45 - 20, 560 + y * 0.6),
            (470 + x, 560 + y),
            (470 + x * 0.55 + 18, 560 + y * 0.5),
        ]
        room.paint(room.blob(leaf), green)
    room.paint(room.blob([(420, 560), (520, 560), (508, 680), (432, 680)]), (196, 110, 78))
    room.paint(room.blob([(480, 560), (520, 560), (508, 680), (480, 680)], soft=10), (150, 78, 58), strength=0.6)


def _lamp(room: Layer) -> None:
    room.paint(room.ellipse(760, 150, 210, 190, soft=70), (255, 216, 150), strength=0.42)
    room.paint(room.line([(760, 210), (760, 700)], thickness=9), (62, 54, 52))
    room.paint(room.blob([(724, 96), (796, 96), (830, 216), (690, 216)]), (255, 232, 178))
    room.paint(room.blob([(770, 96), (796, 96), (830, 216), (790, 216)], soft=8), (244, 194, 124), strength=0.7)
