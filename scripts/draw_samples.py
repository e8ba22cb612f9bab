"""Draw the sample picture of every look: the drawn presenter, by the model that ships.

    python scripts/draw_samples.py            # writes plugin/streamv2v_cam/looks/samples/*.jpg

Run it after a change of the embedded model or of its looks. Takes some minutes on two cores. Pictures of looks
that are no more are removed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from streamv2v_cam.capture.presenter import draw
from streamv2v_cam.looks import load_looks
from streamv2v_cam.looks.samples import FOLDER, PLAIN
from streamv2v_cam.settings.loading import EMBEDDED_SLOTS
from streamv2v_cam.sizes import EMBEDDED_SIZE

from streamv2v import Controls, StreamConfig, StreamV2V
from streamv2v.config import BEST_CONTROLS, BankConfig

WIDTH, HEIGHT = 192, 108
QUALITY = 68
MOMENT_S = 1.0
CROP = (slice(60, 600), slice(160, 1120))
"""Of a picture of 1280x720: a picture of 192 pixels has no room for the whole studio."""
FRAMES = 6
"""So many frames of the same moment: the slots are full and the bank has settled."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--to", type=Path, default=FOLDER, help="folder of the pictures")
    folder: Path = arguments.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    frame = presenter()
    sizes = {PLAIN: write(folder / f"{PLAIN}.jpg", frame)}
    width, height = EMBEDDED_SIZE
    config = StreamConfig(width=width, height=height, slots=EMBEDDED_SLOTS, bank=BankConfig.best())
    small = np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    with StreamV2V.from_pretrained(config) as engine:
        for look in load_looks("embedded"):
            controls = Controls(transition_s=0.0).patched({**BEST_CONTROLS, **look.patch(), "transition_s": 0.0})
            engine.reset()
            drawn = list(engine.translate([small] * FRAMES, controls))[-1]
            sizes[look.name] = write(folder / f"{look.name}.jpg", drawn)
            print(f"{look.name:16} {sizes[look.name]:6} bytes")
    for path in folder.glob("*.jpg"):
        if path.stem not in sizes:
            path.unlink()
            print(f"{path.stem:16} is no look any more: removed")
    print(json.dumps({"pictures": len(sizes), "bytes": sum(sizes.values())}))


def presenter() -> np.ndarray:
    """A moment of the drawn presenter, head and shoulders, RGB uint8 `[H, W, 3]`."""
    whole = draw(MOMENT_S, 1280, 720)
    return np.ascontiguousarray(whole[CROP])


def write(path: Path, picture: np.ndarray) -> int:
    """The picture as a small JPEG; its size in bytes."""
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    path.write_bytes(jpeg.tobytes())
    return jpeg.size


if __name__ == "__main__":
    main()
