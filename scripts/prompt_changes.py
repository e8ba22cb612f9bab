"""Does a change of prompt in mid-stream ever show a grey, black or garbage picture?

    python scripts/prompt_changes.py --seconds 30
    python scripts/prompt_changes.py --size 720x1280     # upright; the drawing's size changes in it as well

Records the running program (embedded model, presenter) while the look changes every second and a half, by a jump and by
a glide in turn, and goes through the recording picture by picture. Each picture is compared with the looks it lies
between: a picture is *flat* when it has less than a third of the contrast of the flattest settled look, and *garbage*
when its edges agree less than half as well with the presenter as those of the settled look that agrees least. A table
for people, JSON on the last line; exit status 1 if there was such a picture.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from streamv2v_cam.capture import open_source
from streamv2v_cam.run.app import App
from streamv2v_cam.settings import load_settings

LOOKS = ("pencil", "comic", "neon", "thermal", "charcoal", "vintage")
EVERY_S = 1.5
SETTLED_S = 0.4
FPS = 30
SIZE = (320, 180)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--size", default="1280x720", help="published size, WxH px")
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changes.mkv"
        changes_s = record(path, arguments.seconds, width, height)
        result = judge(path, changes_s, width, height)
    for name, value in result.items():
        print(f"{name:34}{value:>12.3f}" if isinstance(value, float) else f"{name:34}{value!s:>12}")
    print(json.dumps(result))
    sys.exit(1 if result["flat_pictures"] or result["garbage_pictures"] else 0)


def record(path: Path, seconds: float, width: int, height: int) -> list[float]:
    """Run the program into `path`; returns when the look changed, in seconds of the recording.

    After a third of the time the drawing's size becomes the small one, after two thirds the usual one again.
    """
    flags: dict[str, Any] = {
        "capture.source": "presenter",
        "publish.sinks": [str(path)],
        "publish.width": width,
        "publish.height": height,
        "control.open_browser": "never",
        "control.port": 0,
    }
    app = App(load_settings(flags))
    looks = [app.settings.looks().get(name) for name in LOOKS]
    changes_s: list[float] = []
    wanted = ["usual"]
    over = threading.Event()

    def change() -> None:
        app.publisher.styled_on_air.wait(120)
        began_s = time.monotonic()
        while not over.wait(EVERY_S):
            number = len(changes_s)
            patch = dict(looks[number % len(looks)].values) | {"transition_s": 0.5 * (number % 2)}
            app.store.apply(patch, look=LOOKS[number % len(looks)])
            changes_s.append(time.monotonic() - began_s)
            size = ("usual", "small", "usual")[min(2, int(3 * changes_s[-1] / seconds))]
            if app.panel.sizes is not None and size != wanted[-1]:
                wanted.append(size)
                app.panel.sizes.choose(size)

    changer = threading.Thread(target=change, daemon=True)
    app.start()
    try:
        changer.start()
        app.watch(seconds)
    finally:
        over.set()
        app.stop()
    return changes_s


def judge(path: Path, changes_s: list[float], width: int, height: int) -> dict[str, Any]:
    """Contrast and edges of every picture, settled ones against those near a change."""
    source = open_source("presenter", width=width, height=height, fps=FPS, loop=True)
    scene = np.mean([edges(small(read)) for _ in range(30) if (read := source.read()) is not None], axis=0)
    source.close()
    contrast, agreement = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            picture = small(frame.to_ndarray(format="rgb24"))
            contrast.append(float(picture.std()))
            agreement.append(float(np.corrcoef(edges(picture).ravel(), scene.ravel())[0, 1]))
    times_s = np.arange(len(contrast)) / FPS
    since_s = np.min([np.where(times_s >= at, times_s - at, 9.0) for at in [0.0, *changes_s]], axis=0)
    settled = (since_s > EVERY_S - SETTLED_S) & (since_s < EVERY_S)
    flat = np.array(contrast) < min(np.array(contrast)[settled]) / 3
    garbage = np.array(agreement) < min(np.array(agreement)[settled]) / 2
    return {
        "pictures": len(contrast),
        "changes": len(changes_s),
        "least_contrast_settled": float(np.array(contrast)[settled].min()),
        "least_contrast_changing": float(np.array(contrast)[~settled].min()),
        "least_edge_agreement_settled": float(np.array(agreement)[settled].min()),
        "least_edge_agreement_changing": float(np.array(agreement)[~settled].min()),
        "flat_pictures": int(flat.sum()),
        "garbage_pictures": int(garbage.sum()),
    }


def small(picture: np.ndarray) -> np.ndarray:
    """Luma of the picture at 320x180, float32."""
    return cv2.cvtColor(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)


def edges(luma: np.ndarray) -> np.ndarray:
    """Gradient magnitude of the smoothed luma."""
    smooth = cv2.GaussianBlur(luma, (0, 0), 2.0)
    return np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))


if __name__ == "__main__":
    main()
