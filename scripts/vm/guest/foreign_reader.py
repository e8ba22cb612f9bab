"""A program that knows nothing of ours but the sign: reads a camera with OpenCV and counts.

    python3 foreign_reader.py /dev/video10 20

Prints one JSON line: pictures per second, how many carried the sign, how many different ones there were.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

import cv2
import marker
import numpy as np

OPENING_LIMIT_S = 30.0


def main() -> None:
    """Open, wait for the first marked picture, read for the asked time."""
    device, seconds = sys.argv[1], float(sys.argv[2])
    began_s = time.monotonic()
    camera = cv2.VideoCapture(device, cv2.CAP_V4L2)
    while number_in(camera) is None:
        if time.monotonic() - began_s > OPENING_LIMIT_S:
            print(json.dumps({"error": f"no marked picture from {device} within {OPENING_LIMIT_S:g} s"}))
            sys.exit(1)
    first_s = last_s = time.monotonic()
    numbers: list[int | None] = []
    gaps_s: list[float] = []
    while last_s - first_s < seconds:
        numbers.append(number_in(camera))
        now_s = time.monotonic()
        gaps_s.append(now_s - last_s)
        last_s = now_s
    changes = sum(one != other for one, other in pairwise(numbers))
    gaps_s.sort()
    answer = {
        "pictures": len(numbers),
        "seconds": round(last_s - first_s, 2),
        "fps": round(len(numbers) / (last_s - first_s), 2),
        "marked": sum(number is not None for number in numbers),
        "new_pictures_per_s": round(changes / (last_s - first_s), 2),
        "gap_p99_ms": round(gaps_s[int(len(gaps_s) * 0.99)] * 1000, 1),
        "size": [int(camera.get(cv2.CAP_PROP_FRAME_WIDTH)), int(camera.get(cv2.CAP_PROP_FRAME_HEIGHT))],
    }
    camera.release()
    print(json.dumps(answer))


def number_in(camera: cv2.VideoCapture) -> int | None:
    """The number in the next picture's sign."""
    taken, pixels = camera.read()
    return marker.read(np.asarray(pixels, np.uint8)[:, :, ::-1]) if taken else None


if __name__ == "__main__":
    main()
