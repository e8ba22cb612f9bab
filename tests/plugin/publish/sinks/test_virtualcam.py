"""The virtual camera sink on a backend written in Python; the real device is proven in the virtual machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvirtualcam
from streamv2v_cam.errors import SinkError
from streamv2v_cam.publish.sinks import loopback, open_sink, virtualcam
from streamv2v_cam.publish.sinks.virtualcam import VirtualCameraSink
from streamv2v_cam.system.written import is_written


class FileBackend(pyvirtualcam.camera.Backend):
    """A pyvirtualcam backend that writes into a file."""

    opened: list[str] = []

    def __init__(self, *, width, height, fps, fourcc, device) -> None:
        if device is None or not Path(device).exists():
            raise RuntimeError("no such file")
        if device in self.opened:
            raise RuntimeError("device is already in use")
        self._device, self._size = device, (height, width, 3)
        self.opened.append(device)

    def close(self) -> None:
        self.opened.remove(self._device)

    def send(self, frame: np.ndarray) -> None:
        Path(self._device).write_bytes(frame.tobytes())

    def device(self) -> str:
        return self._device

    def native_fourcc(self) -> None:
        return None


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    pyvirtualcam.register_backend("file", FileBackend)
    path = tmp_path / "device"
    path.touch()
    yield path
    pyvirtualcam.camera.BACKENDS.pop("file")
    FileBackend.opened.clear()


def open_camera(device: Path) -> VirtualCameraSink:
    return VirtualCameraSink(width=8, height=6, fps=30, device=str(device), backend="file")


def test_pictures_arrive_unchanged_and_the_device_can_be_opened_again(device: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for _ in range(2):
        sink = open_camera(device)
        sink.send(picture)
        assert device.read_bytes() == picture.tobytes()
        sink.close()
        sink.close()
    with pytest.raises(SinkError, match="was closed"):
        sink.send(picture)


def test_a_camera_in_use_is_told_from_one_that_is_missing(device: Path) -> None:
    sink = open_camera(device)
    with pytest.raises(SinkError, match="taken by another program"):
        open_camera(device)
    sink.close()
    with pytest.raises(SinkError, match="did not open"):
        open_camera(device.with_name("missing"))


def test_a_device_that_vanishes_is_noticed_although_writing_raises_nothing(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtualcam, "CHECK_EVERY_S", -1.0)
    sink = open_camera(device)
    picture = np.zeros((6, 8, 3), np.uint8)
    sink.send(picture)
    device.rename(device.with_name("taken away"))
    with pytest.raises(SinkError, match="is gone"):
        sink.send(picture)
    sink.close()


def test_a_driver_that_takes_nothing_any_more_is_noticed_although_writing_raises_nothing(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtualcam, "CHECK_EVERY_S", -1.0)
    monkeypatch.setattr(virtualcam, "NODES", tmp_path / "class")
    state = tmp_path / "class" / device.name / "state"
    state.parent.mkdir(parents=True)
    sink = open_camera(device)
    picture = np.zeros((6, 8, 3), np.uint8)
    state.write_text("capture\n")
    sink.send(picture)
    state.write_text("output\n")
    with pytest.raises(SinkError, match="takes no picture any more"):
        sink.send(picture)
    sink.close()


def test_the_device_is_known_as_our_output_for_as_long_as_it_is_open(device: Path) -> None:
    sink = open_camera(device)
    link = device.with_name("another name")
    link.symlink_to(device)
    assert is_written(str(device)) and is_written(str(link))
    sink.close()
    assert not is_written(str(device))


REASONS = [
    (
        "Device /dev/video10 is not a video output device.",
        "0.12.7",
        "v4l2loopback 0.12.7 opens only once. Load the module",
    ),
    ("Device /dev/video10 is not a video output device.", "0.15.0", "taken by another program"),
    (
        "Virtual camera device /dev/video10 could not be configured: Device or resource busy",
        "0.15.0",
        "taken by another",
    ),
    ("Could not access /dev/video10 due to missing permissions. Did you add your user", "0.15.0", "may not be written"),
    ("Device /dev/video10 could not be opened: No such device", "0.15.0", "did not open .*No such device"),
]


def test_whether_a_program_reads_it_can_be_asked_of_a_device_that_has_a_file(device: Path) -> None:
    sink = open_camera(device)
    assert sink.watched is False
    sink.close()


@pytest.mark.parametrize(("reason", "version", "words"), REASONS)
def test_why_a_camera_does_not_open_is_said_with_what_helps(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, version: str, words: str
) -> None:
    told = tmp_path / "version"
    told.write_text(version + "\n")
    monkeypatch.setattr(loopback, "MODULE_VERSION", told)

    class Refusing(FileBackend):
        def __init__(self, **_: object) -> None:
            raise RuntimeError(reason)

    monkeypatch.setitem(pyvirtualcam.camera.BACKENDS, "file", Refusing)
    with pytest.raises(SinkError, match=words) as caught:
        open_camera(device)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("width", "height"), [(641, 360), (640, 361)])
def test_odd_sizes_are_refused(width: int, height: int) -> None:
    with pytest.raises(SinkError, match="even"):
        VirtualCameraSink(width=width, height=height, fps=30)


def test_a_device_that_does_not_exist_says_what_to_install() -> None:
    with pytest.raises(SinkError, match=r"/dev/video98") as caught:
        open_sink("camera:/dev/video98", width=64, height=36, fps=30)
    assert "\n" not in str(caught.value)
