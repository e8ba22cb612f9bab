"""Letters on pictures come out the same, whoever else is drawing."""

from __future__ import annotations

import threading

import numpy as np
from streamv2v_cam.frame import Pixels
from streamv2v_cam.publish.lettering import draw_text, text_width

WORDS = ("StreamV2V", "Back in a moment", "killed by /home/me/secret.mp4", "loading torch")
SIZES = range(9, 60, 3)
THREADS, ROUNDS = 4, 4


def drawn(text: str, size: int) -> tuple[Pixels, int]:
    pixels = np.zeros((80, 500, 3), np.uint8)
    draw_text(pixels, text, 3, 60, size=size, colour=(240, 241, 246), weight=600)
    return pixels, text_width(text, size=size, weight=600)


def test_threads_that_write_at_once_write_the_same_letters() -> None:
    alone = {(text, size): drawn(text, size) for text in WORDS for size in SIZES}
    garbled: list[tuple[str, int]] = []

    def write(first: int) -> None:
        order = list(alone)
        for key in (order[first:] + order[:first]) * ROUNDS:
            pixels, width = drawn(*key)
            if width != alone[key][1] or not np.array_equal(pixels, alone[key][0]):
                garbled.append(key)

    writers = [threading.Thread(target=write, args=(17 * number,)) for number in range(THREADS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not garbled
