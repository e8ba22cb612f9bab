"""Another model in mid-show, in a whole run that is recorded: no beat is missed, no slate is seen, what fails stays."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from patience import until
from plugin.run.test_app import ENTRY, frames_of, settings
from safetensors.torch import load_file, save_file
from streamv2v_cam.catalogue.own import OwnList
from streamv2v_cam.engine.link import DEFAULT_ENTRY
from streamv2v_cam.errors import ModelRefused
from streamv2v_cam.run.app import App

FPS = 30
PATIENCE_S = 120.0


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))


def listed(folder: Path, **models: Path) -> None:
    """Put models into the person's own list."""
    own = OwnList(folder / "models.toml")
    for name, path in models.items():
        own.add(name, path)


def stand_in(folder: Path, query: str) -> Path:
    """A file whose name tells the stand-in what to do."""
    path = folder / f"stand-in?{query}"
    path.touch()
    return path


@contextmanager
def recorded(app: App) -> Iterator[dict[str, Any]]:
    """A run that is live, whose states are seen and whose beats are counted until the end; then what came of it."""
    found: dict[str, Any] = {}
    app.start()
    try:
        assert until(app.publisher.styled_on_air.is_set, within_s=PATIENCE_S)
        app.recorder.start()
        assert until(lambda: int(app.recorder.status()["bytes"]) > 0)
        before, began_s, states = app.telemetry.snapshot(), time.monotonic(), len(app.publisher.states_seen)
        yield found
        after = app.telemetry.snapshot()
        found["beats"] = after.published + after.late - before.published - before.late
        found["due"] = int((time.monotonic() - began_s) * FPS)
        found["states"] = list(app.publisher.states_seen[states:])
        app.recorder.stop()
        assert until(lambda: app.recorder.status()["state"] == "off")
    finally:
        app.stop()


def go_over(app: App, name: str) -> None:
    """Ask for a model, and wait until it is on air and draws."""
    app.models.choose(name)
    assert until(lambda: app.models.status()["on_air"] == name, within_s=PATIENCE_S), app.supervisor.status()
    styled = app.telemetry.snapshot().styled
    assert until(lambda: app.telemetry.snapshot().styled > styled + 2, within_s=PATIENCE_S)


def check_recording(folder: Path, found: dict[str, Any]) -> None:
    """Every beat has its picture, and each of them is a look: the camera's colours are in none, nor a slate."""
    assert found["states"] == [] and found["beats"] >= found["due"] - 2
    (file,) = (folder / "kept").iterdir()
    pictures = frames_of(file)
    assert len(pictures) >= found["due"] - 2
    # a slate is nearly black; the presenter, in whatever look, is not
    assert min(picture.mean() for picture in pictures) > 15


def test_going_over_and_back_misses_no_beat_shows_no_slate_and_what_fails_stays(tmp_path: Path):
    listed(tmp_path, other=stand_in(tmp_path, "load_s=0.2"), bad=stand_in(tmp_path, "wrong=1"))
    app = App(settings(publish_record_folder=str(tmp_path / "kept")), entry=ENTRY)
    with recorded(app) as found:
        first = app.supervisor.pid
        go_over(app, "other")
        second = app.supervisor.pid
        app.models.choose("bad")
        assert until(lambda: "has no U-Net" in app.models.status()["told"])
        assert app.models.status()["on_air"] == "other" and app.supervisor.pid == second != first
        assert until(lambda: "kept the present engine" in app.publisher.on_air.reason)
        go_over(app, "start")
        assert app.supervisor.restarts == 0
    check_recording(tmp_path, found)


def test_a_model_chosen_live_is_what_starts_again_after_a_crash(tmp_path: Path):
    mark = tmp_path / "mark"
    listed(tmp_path, other=stand_in(tmp_path, f"crash_after=5&once={str(mark).replace('/', '%2F')}"))
    app = App(settings(), entry=ENTRY)
    app.start()
    try:
        assert until(app.publisher.styled_on_air.is_set)
        go_over(app, "other")
        assert until(lambda: app.supervisor.restarts == 1)
        assert until(lambda: app.publisher.on_air.state == "live")
        assert app.models.status()["on_air"] == "other"
    finally:
        app.stop()


@pytest.mark.slow
def test_the_embedded_model_another_real_one_and_back_in_a_recorded_run(tmp_path: Path, tiny_model: Path):
    cut, missing = tmp_path / "cut", tmp_path / "missing"
    for copy in (cut, missing):
        shutil.copytree(tiny_model, copy)
    weights = cut / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    weights = missing / "unet" / "diffusion_pytorch_model.safetensors"
    save_file(dict(list(load_file(weights).items())[3:]), weights)
    listed(tmp_path, tiny=tiny_model, cut=cut, missing=missing)
    run = settings(
        publish_record_folder=str(tmp_path / "kept"),
        engine_model="embedded",
        engine_acceleration="none",
        start_prompt="a pencil sketch of a person",
    )
    app = App(run, entry=DEFAULT_ENTRY)
    with recorded(app) as found:
        go_over(app, "tiny")
        with pytest.raises(ModelRefused, match=r"cut short"):
            app.models.choose("cut")
        app.models.choose("missing")
        assert until(lambda: "weights are missing" in app.models.status()["told"], within_s=PATIENCE_S)
        assert app.models.status()["on_air"] == "tiny"
        go_over(app, "embedded")
    check_recording(tmp_path, found)
