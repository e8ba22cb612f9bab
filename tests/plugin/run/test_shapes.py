"""The engine's picture has the shape of the published one: what is round before the camera is round on air."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from streamv2v_cam.run.app import run_app
from streamv2v_cam.settings import load_settings

ENTRY = f"{Path(__file__).parent.parent / 'engine' / 'stand_in.py'}:main"


def circle(path: Path, width: int, height: int) -> None:
    """An image of a white disc on black, its radius a third of the shorter side."""
    y, x = np.mgrid[0:height, 0:width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2
    pixels = np.repeat(np.where(inside, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
        container.mux([*stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")), *stream.encode(None)])


@pytest.mark.parametrize(("width", "height"), [(360, 640), (320, 240)])
def test_a_circle_stays_round_on_air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    source, target = tmp_path / "circle.png", tmp_path / "out.mp4"
    circle(source, width, height)
    given = {
        "publish.width": width,
        "publish.height": height,
        "publish.sinks": str(target),
        "engine.model": "stand-in",
        "capture.source": str(source),
        "control.port": 0,
        "control.open_browser": "never",
        "start.prompt": "stand-in",
    }
    settings = load_settings(given, None)
    inside_width, inside_height = settings.engine_size()
    assert inside_width / inside_height == pytest.approx(width / height, rel=0.02)
    run_app(settings, for_s=0.5, entry=ENTRY)
    with av.open(str(target)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert pictures
    for picture in pictures:
        bright = picture > picture.max() / 2
        across, down = np.flatnonzero(bright.any(axis=0)), np.flatnonzero(bright.any(axis=1))
        wide, high = np.ptp(across) + 1, np.ptp(down) + 1
        assert wide / high == pytest.approx(1.0, abs=0.06)
        assert wide == pytest.approx(2 * min(width, height) / 3, rel=0.08)
