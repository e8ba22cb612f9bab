"""A program that writes pictures of one format into a virtual camera, as a phone's app does: a moving grey wedge.

    python3 producer.py /dev/video20 MJPG 333x251 30

Runs until it is ended. It waits for the node where a reader still holds its format.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import struct
import sys
import time

import cv2
import numpy as np

S_FMT = 0xC0D05605
"""VIDIOC_S_FMT; a v4l2_format has 208 bytes, its v4l2_pix_format begins at the eighth."""
OUTPUT, NO_FIELD, SRGB = 2, 1, 8
DIFFERENT = 8


def pictures(fourcc: str, width: int, height: int) -> list[bytes]:
    """Some pictures that follow each other, as they are written."""
    found = []
    for number in range(DIFFERENT):
        grey = np.broadcast_to(np.arange(width) * 255 // width + number * 32, (height, width)).astype(np.uint8)
        if fourcc == "MJPG":
            found.append(cv2.imencode(".jpg", grey)[1].tobytes())
        elif fourcc == "YUYV":
            found.append(np.dstack([grey, np.full_like(grey, 128)]).tobytes())
        elif fourcc == "NV12":
            found.append(grey.tobytes() + bytes([128]) * (width * height // 2))
        else:
            sys.exit(f"{fourcc} is not known here")
    return found


def main() -> None:
    device, fourcc, size, fps = sys.argv[1:5]
    width, height = map(int, size.split("x"))
    written = pictures(fourcc, width, height)
    most = max(len(picture) for picture in written)
    code = int.from_bytes(fourcc.encode(), "little")
    asked = struct.pack("=II8I", OUTPUT, 0, width, height, code, NO_FIELD, 0, max(most, width * height), SRGB, 0)
    node = os.open(device, os.O_RDWR)
    for _ in range(300):
        try:
            told = fcntl.ioctl(node, S_FMT, bytearray(asked.ljust(208, b"\0")))
            break
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            time.sleep(0.1)
    print("writes", told, flush=True)
    for beat in itertools.count():
        os.write(node, written[beat % DIFFERENT])
        time.sleep(1 / float(fps))


if __name__ == "__main__":
    main()
