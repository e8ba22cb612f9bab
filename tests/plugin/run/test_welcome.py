"""The first run: three questions, their answers as a settings file, and never again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamv2v_cam.capture import CameraInfo
from streamv2v_cam.capture.cameras import Present, find_camera
from streamv2v_cam.errors import SettingsError, SourceError
from streamv2v_cam.run import welcome
from streamv2v_cam.run.panel import identity
from streamv2v_cam.run.welcome import Welcome, keep
from streamv2v_cam.settings import load_settings

from tests.plugin.doctor.recorded import linux

WEBCAM = CameraInfo(0, "HD Webcam", "/dev/video0", 200, bus="usb-1")
CAPTURE_CARD = CameraInfo(2, "Capture: Card", "/dev/video2", 200, bus="usb-2")
TWIN = replace(WEBCAM, index=4, path="/dev/video4", bus="usb-3")
RED = np.full((90, 160, 3), (200, 10, 10), np.uint8)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a welcome for a machine with these cameras; what it switched to is in `switched`."""
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "own" / "settings.toml"))

    def make(*cameras: CameraInfo, on_air=None, **facts) -> Welcome:
        monkeypatch.setattr(welcome, "list_cameras", lambda: list(cameras))
        made = Welcome(
            load_settings(),
            identity=identity,
            switch=switched.append,
            on_air=lambda: on_air,
            machine=linux(tmp_path / "root", **facts),
        )
        make.switched = switched
        return made

    switched: list[str] = []
    return make


def test_cameras_models_and_obs_are_asked_for_as_long_as_there_is_no_file(asked, tmp_path: Path) -> None:
    first = asked(WEBCAM, CAPTURE_CARD)
    told = first.questions()
    assert [camera["title"] for camera in told["cameras"]] == ["HD Webcam", "Capture: Card", "Drawn presenter"]
    assert [model["id"] for model in told["models"]] == ["embedded"] and told["obs"] is True
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "settings.toml").touch()
    assert first.questions() == {"wanted": False, "cameras": [], "models": [], "obs": False}


def test_a_card_with_room_is_offered_the_larger_model_and_a_small_one_is_not(asked) -> None:
    smi = "nvidia-smi --query-gpu"
    large = asked(WEBCAM, told={smi: "NVIDIA GeForce RTX 4070, 550.54.14, 12282, 11900"})
    assert [model["id"] for model in large.questions()["models"]] == ["embedded", "stabilityai/sd-turbo"]
    small = asked(WEBCAM, told={smi: "NVIDIA GeForce GTX 1050, 550.54.14, 4096, 4000"})
    assert [model["id"] for model in small.questions()["models"]] == ["embedded"]


def test_the_answers_are_the_settings_of_the_next_run_and_the_camera_is_on_air_at_once(asked) -> None:
    smi = {"nvidia-smi --query-gpu": "NVIDIA GeForce RTX 4070, 550.54.14, 12282, 11900"}
    first = asked(WEBCAM, CAPTURE_CARD, told=smi)
    told = first.answer(camera=identity(CAPTURE_CARD), model="stabilityai/sd-turbo", obs=True)
    assert asked.switched == [identity(CAPTURE_CARD)]
    assert any("next start" in line for line in told) and any("obs password" in line for line in told)
    kept = load_settings()
    assert kept.capture.source == "camera:Capture: Card" and kept.engine.model == "stabilityai/sd-turbo"
    assert kept.obs.with_run and not first.wanted
    assert "# slots = " in kept.path.read_text("utf-8")


def test_of_two_cameras_of_one_name_the_place_tells_which(asked) -> None:
    asked(WEBCAM, TWIN).answer(camera=identity(TWIN))
    assert load_settings().capture.source == "/dev/video4"


def test_who_passes_over_it_is_never_asked_again_and_nothing_is_set(asked) -> None:
    first = asked(WEBCAM)
    assert first.answer() == [] and asked.switched == []
    assert load_settings().path.exists() and not load_settings().origins
    assert not asked(WEBCAM).wanted


def test_an_answer_that_was_not_on_offer_changes_nothing(asked) -> None:
    first = asked(WEBCAM)
    for wrong in ({"model": "somebody/else"}, {"camera": "c0ffee"}):
        with pytest.raises(SettingsError):
            first.answer(**wrong)
    assert first.wanted and asked.switched == []


def test_a_file_that_cannot_be_written_is_said_and_the_question_stays(asked, tmp_path: Path) -> None:
    first = asked(WEBCAM)
    (tmp_path / "own").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be written"):
        first.answer(camera=identity(WEBCAM), obs=True)
    assert first.wanted and asked.switched == []


def test_a_file_that_came_meanwhile_is_not_written_over(asked, tmp_path: Path) -> None:
    first = asked(WEBCAM)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "settings.toml").write_text("[engine]\nslots = 3\n")
    with pytest.raises(SettingsError):
        keep(first._settings, {"obs.with_run": "true"})
    assert load_settings().engine.slots == 3


def test_answers_that_cannot_be_kept_for_whatever_reason_are_asked_for_again(asked, tmp_path: Path) -> None:
    first = asked(WEBCAM)
    (tmp_path / "own").mkdir()
    looks = tmp_path / "own" / "looks.toml"
    looks.write_text("[broken")
    with pytest.raises(SettingsError, match="looks"):
        first.answer(camera=identity(WEBCAM), obs=True)
    assert first.wanted and asked.switched == [] and list(looks.parent.iterdir()) == [looks]
    looks.unlink()
    first.answer(camera=identity(WEBCAM), obs=True)
    assert load_settings().capture.source == "camera:HD Webcam" and not first.wanted


def test_a_fault_nobody_thought_of_is_a_refusal_too_and_leaves_no_file(asked, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("odd")

    first = asked(WEBCAM)
    monkeypatch.setattr("streamv2v_cam.settings.file.write_setting", fail)
    with pytest.raises(SettingsError, match="odd"):
        first.answer(obs=True)
    assert first.wanted and not any(load_settings().path.parent.iterdir())


@pytest.mark.parametrize(
    "name", ["1080", "Cam\x7f", "Cam\u2028x", " auto", "tab\there", "Caméra “1”", "presenter", "auto"]
)
def test_whatever_a_camera_is_called_the_settings_mean_it_at_the_next_start(name: str, asked) -> None:
    odd = CameraInfo(5, name, "/dev/video5", 200)
    asked(WEBCAM, odd).answer(camera=identity(odd))
    wanted = load_settings().capture.source.removeprefix("camera:").strip()
    moved = [replace(WEBCAM, index=5), replace(odd, index=0)]
    assert find_camera(wanted, Present(moved, [], [])).name == name


def test_of_two_cameras_of_one_name_elsewhere_than_on_linux_the_path_is_not_taken_for_a_file(asked) -> None:
    twins = [replace(WEBCAM, index=n, bus="", path=rf"\\?\usb#vid_046d#{n}\global") for n in (0, 1)]
    asked(*twins).answer(camera=identity(twins[1]))
    assert load_settings().capture.source == f"camera:{twins[1].path}"


def test_the_camera_on_air_is_not_opened_a_second_time_for_its_picture(asked, monkeypatch) -> None:
    def never(*_: object, **__: object):
        raise AssertionError("opened")

    monkeypatch.setattr(welcome, "SourceOpener", never)
    jpeg = asked(WEBCAM, on_air=(identity(WEBCAM), RED)).thumbnail(identity(WEBCAM))
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert (
        picture is not None and picture.shape == (90, 160, 3) and picture[..., 2].mean() > 150 > picture[..., 0].mean()
    )


class Shy:
    """A camera whose first pictures are dark."""

    def __init__(self, *_: object, **__: object) -> None:
        self.read_times, self.closed = 0, False

    def __call__(self):
        return self

    def read(self):
        self.read_times += 1
        return RED if self.read_times > 3 else np.zeros_like(RED)

    def close(self) -> None:
        self.closed = True


def test_another_camera_is_opened_once_until_it_is_bright_and_let_go(asked, monkeypatch) -> None:
    opened: list[Shy] = []
    monkeypatch.setattr(welcome, "SourceOpener", lambda *a, **k: opened.append(Shy()) or opened[-1])
    first = asked(WEBCAM)
    assert first.thumbnail(identity(WEBCAM)) == first.thumbnail(identity(WEBCAM)) is not None
    assert len(opened) == 1 and opened[0].closed and opened[0].read_times == 4


def test_a_camera_without_a_picture_has_no_thumbnail(asked, monkeypatch) -> None:
    def refuse(*_: object, **__: object):
        def open_it():
            raise SourceError("busy")

        return open_it

    monkeypatch.setattr(welcome, "SourceOpener", refuse)
    assert asked(WEBCAM).thumbnail(identity(WEBCAM)) is None and asked(WEBCAM).thumbnail("c0ffee") is None
