"""Discs before the camera, and what a recording shows of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

ENTRY = f"{Path(__file__).parent.parent / 'engine' / 'stand_in.py'}:main"


def circle(path: Path, width: int, height: int, at: float = 0.5) -> None:
    """An image of a white disc on black, its radius a third of the shorter side, `at` a share of the width."""
    y, x = np.mgrid[0:height, 0:width]
    inside = (x - width * at) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2
    pixels = np.repeat(np.where(inside, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
        container.mux([*stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")), *stream.encode(None)])


def given_for(source: Path, target: Path, width: int, height: int) -> dict[str, object]:
    return {
        "publish.width": width,
        "publish.height": height,
        "publish.sinks": str(target),
        "engine.model": "stand-in",
        "capture.source": str(source),
        "control.port": 0,
        "control.open_browser": "never",
        "start.prompt": "stand-in",
    }


def pictures_of(path: Path) -> list[Any]:
    """All pictures of a recording, RGB uint8 `[H, W, 3]`."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def bright_in(picture: Any) -> Any:
    """Where the disc is: bool `[H, W]`."""
    grey = picture.mean(axis=2)
    assert grey.max() > 60, "a black picture"
    return grey > grey.max() / 2


def check_round(target: Path, width: int, height: int) -> None:
    """Every picture shows the disc: nothing black, squeezed, or of another size."""
    pictures = pictures_of(target)
    assert pictures
    for picture in pictures:
        bright = bright_in(picture)
        across, down = np.flatnonzero(bright.any(axis=0)), np.flatnonzero(bright.any(axis=1))
        wide, high = np.ptp(across) + 1, np.ptp(down) + 1
        assert wide / high == pytest.approx(1.0, abs=0.06)
        assert wide == pytest.approx(2 * min(width, height) / 3, rel=0.08)
