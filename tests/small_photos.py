"""A few small photos, and the training's cache of them drawn by classical teachers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from training.data import Cache, list_photos, render_cache
from training.looks_targets import CLASSICAL

# The painters need a network that is no dependency of the project; the classical teachers fill a cache alike.
FEW = {name: CLASSICAL[name] for name in ("pencil", "comic", "vintage", "neon")}


def write_photos(folder: Path) -> Path:
    """Four small photos: gradients with a disc, each of another colour and place."""
    y, x = np.mgrid[0:72, 0:96]
    for index, name in enumerate(("portrait_a", "webcam_b", "garden", "webcam_c")):
        picture = np.stack([x * 2, y * 3, (x + y) + 20 * index], axis=-1).astype(np.uint8)
        cv2.circle(picture, (30 + 9 * index, 36), 20, (200, 60 * index, 90), -1)
        cv2.imwrite(str(folder / f"{name}.jpg"), picture)
    return folder


def small_cache(photos: Path, folder: Path) -> Cache:
    """All but one of the photos, 64 pixels a side, drawn by three of the few teachers each."""
    kept = list_photos(photos, hold_out=["webcam_c"])
    return render_cache(kept, folder, seed=1, size=64, processes=1, teachers=FEW, each=3)
