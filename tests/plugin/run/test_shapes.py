"""The engine's picture has the shape of the published one: what is round before the camera is round on air."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from patience import until
from plugin.run.discs import ENTRY, bright_in, check_round, circle, given_for, pictures_of
from streamv2v_cam.capture import SourceOpener
from streamv2v_cam.run.app import App, run_app
from streamv2v_cam.run.sizing import ladder
from streamv2v_cam.settings import load_settings


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


def test_sizes_on_offer_have_one_shape_and_half_or_twice_the_area():
    found = ladder(336, 192)
    assert (found["small"], found["usual"], found["large"]) == ((240, 136), (336, 192), (472, 272))
    assert list(found) == sorted(found, key=lambda name: found[name]), "rising"
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


def test_other_source_and_other_look_come_once_whole_and_never_go_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    left, right, target = tmp_path / "left.png", tmp_path / "right.png", tmp_path / "out.mp4"
    circle(left, 320, 240, 0.3)
    circle(right, 320, 240, 0.7)
    given = given_for(left, target, 320, 240) | {"engine.model": "stand-in?slow_ms=200"}
    app = App(load_settings(given, None), entry=ENTRY)

    def drawn(count: int) -> bool:
        goal = app.telemetry.snapshot().styled + count
        return until(lambda: app.telemetry.snapshot().styled >= goal)

    try:
        app.start()
        assert until(app.publisher.styled_on_air.is_set)
        app.outputs.record(app.publisher, None)
        assert drawn(2)
        app.capture.switch(SourceOpener(str(right), width=320, height=240, fps=30))
        assert drawn(4)
        app.store.apply({"prompt": "another look"})
        assert drawn(4)
    finally:
        app.stop()
    check_round(target, 320, 240)
    pictures = pictures_of(target)
    places = np.array([np.flatnonzero(bright_in(picture).any(axis=0)).mean() for picture in pictures])
    assert places[0] == pytest.approx(96, abs=6) and places[-1] == pytest.approx(224, abs=6)
    assert np.all(np.diff(places) > -3), "never back to the old source"
    assert np.all((np.abs(places - 96) < 6) | (np.abs(places - 224) < 6)), "never half of each"
    tints = np.array([picture[bright_in(picture)].mean(axis=0) for picture in pictures])
    change = tints[-1] - tints[0]
    assert np.linalg.norm(change) > 20
    assert np.all(np.diff((tints - tints[0]) @ change / (change @ change)) > -0.1), "never back to the old look"
