"""The whole run, composed: recordings of exact length, an engine that is killed, sources and models that are wrong."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import av
import pytest
from patience import until
from streamv2v_cam.airstate import AirState
from streamv2v_cam.errors import EngineError, SinkError, SourceError
from streamv2v_cam.publish.sinks import video
from streamv2v_cam.run.app import App, run_app
from streamv2v_cam.run.inputs import AutoSource
from streamv2v_cam.settings import LoadedSettings, load_settings

ENTRY = f"{Path(__file__).parent.parent / 'engine' / 'stand_in.py'}:main"
SMALL = {
    "publish.width": 320,
    "publish.height": 180,
    "publish.sinks": "null",
    "engine.width": 128,
    "engine.height": 72,
    "engine.model": "stand-in",
    "capture.source": "presenter",
    "capture.width": 320,
    "capture.height": 180,
    "control.port": 0,
    "control.open_browser": "never",
    "start.prompt": "stand-in",
}


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))


def settings(**changes: Any) -> LoadedSettings:
    """Small settings; "engine_model" stands for "engine.model"."""
    return load_settings(SMALL | {name.replace("_", ".", 1): value for name, value in changes.items()}, None)


def frames_of(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def colour(picture: Any) -> list[float]:
    """How much of each colour there is, of the brightest."""
    means = picture.reshape(-1, 3).mean(axis=0)
    return list(means / means.max())


def test_a_recording_has_exactly_the_asked_seconds_and_every_picture_in_it_is_styled(tmp_path: Path):
    target = tmp_path / "out.mp4"
    summary = run_app(settings(publish_sinks=str(target), engine_model="stand-in?load_s=1"), for_s=2.0, entry=ENTRY)
    pictures = frames_of(target)
    assert len(pictures) == 60
    # the stand-in gives every picture one and the same tint, which neither slate nor camera has
    tints = [colour(picture) for picture in pictures]
    assert all(tint == pytest.approx(tints[30], abs=0.05) for tint in tints)
    assert max(tints[30]) - min(tints[30]) > 0.1
    assert summary["states"] == ["starting", "live"]
    assert {sink["frames"] for sink in summary["sinks"] if "out.mp4" in sink["name"]} == {60}
    assert summary["engine_restarts"] == 0 and summary["styled"] > 0
    assert summary["prompt"] == "stand-in" and summary["page"].startswith("http://127.0.0.1:")
    assert not list(tmp_path.glob("*.new.*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to kill by")
def test_a_killed_engine_leaves_no_gap_and_styled_pictures_come_back():
    app = App(settings(), entry=ENTRY)
    reasons: set[str] = set()

    def is_slate_up() -> bool:
        air = app.publisher.on_air
        reasons.add(air.reason)
        return air.state is AirState.ENGINE_RESTARTING

    app.start()
    try:
        assert until(app.publisher.styled_on_air.is_set)
        pid, styled = app.supervisor.pid, app.telemetry.snapshot().styled
        began_s, published = time.monotonic(), app.telemetry.snapshot().published
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert until(is_slate_up)
        assert until(lambda: app.publisher.on_air.state is AirState.LIVE)
        assert until(lambda: app.telemetry.snapshot().styled > styled + 10)
        went_by, seconds = app.telemetry.snapshot(), time.monotonic() - began_s
        # every beat that the clock had room for was published; beats that came late are counted, not left out
        assert went_by.published + went_by.late - published >= int(seconds * 30) - 2
        assert app.supervisor.restarts == 1
        assert any("killed (signal 9" in reason for reason in reasons)
    finally:
        app.stop()


def test_a_source_that_does_not_exist_ends_the_run_with_one_line():
    with pytest.raises(SourceError, match=r"none\.mp4"):
        run_app(settings(capture_source="none.mp4"), for_s=30, entry=ENTRY)


def test_a_text_file_as_video_ends_the_run_with_one_line(tmp_path: Path):
    poem = tmp_path / "poem.mp4"
    poem.write_text("roses are red\n" * 40)
    with pytest.raises(SourceError, match=r"poem\.mp4"):
        run_app(settings(capture_source=str(poem)), for_s=30, entry=ENTRY)


def test_a_model_that_cannot_be_used_ends_the_run_with_its_own_words_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    target = tmp_path / "out.mp4"
    with pytest.raises(EngineError, match="has no U-Net"):
        run_app(settings(engine_model="stand-in?wrong=1", publish_sinks=str(target)), for_s=30, entry=ENTRY)
    assert not list(tmp_path.glob("out.mp4*"))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING], "the error is the one line"


def test_an_output_in_a_folder_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path):
    with pytest.raises(SinkError, match=r"out\.mp4"):
        run_app(settings(publish_sinks=str(tmp_path / "none" / "out.mp4")), entry=ENTRY)


def written_to_a_full_disk(monkeypatch: pytest.MonkeyPatch, stem: str) -> None:
    """Recordings called `stem` are written to the device that is always full, by way of their unfinished file."""
    usual = video._free_name

    def full(path: Path) -> Path:
        unfinished = usual(path)
        if path.stem == stem:
            unfinished.symlink_to("/dev/full")
        return unfinished

    monkeypatch.setattr(video, "_free_name", full)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_ends_a_run_that_only_records_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "out.mp4"
    target.write_bytes(b"older")
    written_to_a_full_disk(monkeypatch, "out")
    with pytest.raises(SinkError, match=r"(?i)no space left"):
        run_app(settings(publish_sinks=str(target)), for_s=300, entry=ENTRY)
    assert [path.name for path in tmp_path.glob("out.*")] == ["out.mp4"] and target.read_bytes() == b"older"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_ends_only_its_own_recording_and_is_said_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    full, whole = tmp_path / "full.mp4", tmp_path / "whole.mp4"
    full.write_bytes(b"older")
    written_to_a_full_disk(monkeypatch, "full")
    with pytest.raises(SinkError, match=r"(?i)full.*no space left"):
        run_app(settings(publish_sinks=f"null,{full},{whole}"), for_s=1.5, entry=ENTRY)
    assert len(frames_of(whole)) == 45


def test_a_recording_by_command_is_a_file_of_its_own_from_press_to_press(tmp_path: Path):
    app = App(settings(publish_record_folder=str(tmp_path / "new" / "folder")), entry=ENTRY)
    app.start()
    try:
        assert app.recorder.status()["state"] == "off"
        app.recorder.start()
        app.recorder.start()
        assert until(lambda: int(app.recorder.status()["bytes"]) > 1000)  # type: ignore[call-overload]
        assert app.recorder.status()["state"] == "recording"
        app.recorder.toggle()
        app.recorder.stop()
        assert until(lambda: app.recorder.status()["state"] == "off")
        app.recorder.toggle()
        assert until(lambda: int(app.recorder.status()["bytes"]) > 1000)  # type: ignore[call-overload]
    finally:
        app.stop()
    files = sorted((tmp_path / "new" / "folder").iterdir())
    assert len(files) == 2 and app.recorder.status()["state"] == "off"
    assert min(len(frames_of(file)) for file in files) > 3


def test_a_folder_that_cannot_be_made_refuses_a_recording_and_nothing_else(tmp_path: Path):
    (tmp_path / "file").write_text("")
    app = App(settings(publish_record_folder=str(tmp_path / "file" / "in")), entry=ENTRY)
    with pytest.raises(SinkError, match=r"folder .* cannot be made"):
        app.recorder.start()
    assert app.recorder.status()["state"] == "off"
    app.stop()


def test_a_clip_that_does_not_loop_ends_the_run_with_its_last_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from plugin.translate.clips import make

    # on a machine that is held up pictures whose time is over are skipped, which is no claim here
    monkeypatch.setattr("streamv2v_cam.capture.video.MOST_BEHIND_S", 60.0)
    source = make(tmp_path / "in.mp4", frames=20)
    summary = run_app(settings(capture_source=str(source), capture_loop=False), entry=ENTRY)
    assert summary["captured"] == 20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that can be caught")
def test_sigterm_ends_the_run_as_ctrl_c_does_and_finishes_the_recording(tmp_path: Path):
    target = tmp_path / "out.mp4"

    def terminate() -> None:
        until(lambda: target.exists() and target.stat().st_size > 1000)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=terminate, daemon=True).start()
    summary = run_app(settings(publish_sinks=str(target)), entry=ENTRY)
    recorded = next(sink["frames"] for sink in summary["sinks"] if "out.mp4" in sink["name"])
    assert recorded == len(frames_of(target)) > 0


def test_auto_takes_the_presenter_only_when_no_camera_answers_at_the_start():
    said: list[str] = []
    calls: list[str] = []

    def camera() -> Any:
        calls.append("camera")
        if len(calls) == 2:
            raise SourceError("The camera is gone.")
        return "camera"

    def chooser(any_camera: bool) -> AutoSource:
        return AutoSource(camera, lambda: "presenter", any_camera=lambda: any_camera, say=said.append)  # type: ignore

    lost_later = chooser(any_camera=True)
    assert lost_later() == "camera"
    with pytest.raises(SourceError, match="gone"):
        lost_later()
    assert lost_later() == "camera" and not said
    assert chooser(any_camera=False)() == "presenter"
    assert len(said) == 1 and "No camera was found" in said[0]
