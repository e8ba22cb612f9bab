"""The engine's picture has the shape of the published one: what is round before the camera is round on air."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from patience import until
from streamv2v_cam.run.app import App, run_app
from streamv2v_cam.run.sizing import ladder
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


@pytest.mark.parametrize(("width", "height"), [(360, 640), (320, 240)])
def test_a_circle_stays_round_on_air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    source, target = tmp_path / "circle.png", tmp_path / "out.mp4"
    circle(source, width, height)
    settings = load_settings(given_for(source, target, width, height), None)
    inside_width, inside_height = settings.engine_size()
    assert inside_width / inside_height == pytest.approx(width / height, rel=0.02)
    run_app(settings, for_s=0.5, entry=ENTRY)
    check_round(target, width, height)


def check_round(target: Path, width: int, height: int) -> None:
    """Every picture shows the disc: nothing black, squeezed, or of another size."""
    with av.open(str(target)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert pictures
    for picture in pictures:
        bright = picture > picture.max() / 2
        across, down = np.flatnonzero(bright.any(axis=0)), np.flatnonzero(bright.any(axis=1))
        wide, high = np.ptp(across) + 1, np.ptp(down) + 1
        assert wide / high == pytest.approx(1.0, abs=0.06)
        assert wide == pytest.approx(2 * min(width, height) / 3, rel=0.08)


def test_sizes_on_offer_have_one_shape_and_half_or_twice_the_area():
    assert ladder(336, 192) == {"small": (240, 136), "usual": (336, 192), "large": (472, 272)}
    assert ladder(192, 336)["large"] == (272, 472)


def test_another_size_comes_on_air_without_a_black_squeezed_or_missing_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    source, target = tmp_path / "circle.png", tmp_path / "out.mp4"
    circle(source, 320, 240)
    given = given_for(source, target, 320, 240) | {"engine.model": "stand-in?slow_ms=150"}
    app = App(load_settings(given, None), entry=ENTRY)
    sizes = app.panel.sizes
    assert sizes is not None
    try:
        app.start()
        assert until(app.publisher.styled_on_air.is_set)
        app.outputs.record(app.publisher, None)
        sizes.choose("large")
        assert until(lambda: next(choice for choice in sizes.choices() if choice.current).name == "large")
        styled = app.telemetry.snapshot().styled
        assert until(lambda: app.telemetry.snapshot().styled > styled + 2)
    finally:
        app.stop()
    check_round(target, 320, 240)
