"""The virtual camera sink on a backend written in Python; the real device is proven in the virtual machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvirtualcam
from streamv2v_cam.errors import SinkError
from streamv2v_cam.publish.sinks import open_sink, virtualcam
from streamv2v_cam.publish.sinks.virtualcam import VirtualCameraSink, find_loopback
from streamv2v_cam.system.v4l2 import LOOPBACK_DRIVER, VideoNode


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


@pytest.mark.parametrize(("width", "height"), [(641, 360), (640, 361)])
def test_odd_sizes_are_refused(width: int, height: int) -> None:
    with pytest.raises(SinkError, match="even"):
        VirtualCameraSink(width=width, height=height, fps=30)


def node(number: int, label: str, driver: str = LOOPBACK_DRIVER) -> VideoNode:
    return VideoNode(f"/dev/video{number}", number, label, driver, "", captures=False, outputs=True)


@pytest.mark.parametrize(
    ("nodes", "chosen"),
    [
        ([], None),
        ([node(0, "HD Webcam", "uvcvideo")], None),
        ([node(10, "OBS Virtual Camera"), node(11, "StreamV2V Camera")], 11),
        ([node(10, "OBS Virtual Camera"), node(11, "Dummy video device")], 11),
        ([node(5, "Dummy video device"), node(9, "StreamV2V")], 9),
        ([node(10, "OBS Virtual Camera")], None),
    ],
)
def test_our_own_loopback_is_taken_and_never_the_one_of_obs(nodes: list[VideoNode], chosen: int | None) -> None:
    found = find_loopback(nodes)
    assert (found and found.number) == chosen


def test_a_device_that_does_not_exist_says_what_to_install() -> None:
    with pytest.raises(SinkError, match=r"/dev/video98") as caught:
        open_sink("camera:/dev/video98", width=64, height=36, fps=30)
    assert "\n" not in str(caught.value)
