"""Video nodes read from a /sys made by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from streamv2v_cam.system.loopback import is_fed, is_loopback
from streamv2v_cam.system.v4l2 import VideoNode, has_signal, list_nodes, status_of_input


def make_node(root: Path, number: int, label: str, *, ids: tuple[str, str] | None = None, serial: str = "") -> None:
    entry = root / "sys" / f"video{number}"
    device = root / "usb" / f"1-{number}" / f"1-{number}:1.0"
    device.mkdir(parents=True)
    entry.mkdir(parents=True)
    (entry / "name").write_text(label + "\n")
    (entry / "device").symlink_to(device)
    if ids:
        (device.parent / "idVendor").write_text(ids[0])
        (device.parent / "idProduct").write_text(ids[1])
    if serial:
        (device.parent / "serial").write_text(serial + "\n")
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev" / f"video{number}").touch()


def test_nodes_come_in_order_with_label_and_usb_numbers(tmp_path: Path) -> None:
    make_node(tmp_path, 10, "StreamV2V")
    make_node(tmp_path, 2, "HD Webcam", ids=("046d", "082d"), serial="3A51")
    nodes = list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev")
    assert [(node.number, node.label) for node in nodes] == [(2, "HD Webcam"), (10, "StreamV2V")]
    assert (nodes[0].vid, nodes[0].pid) == (0x046D, 0x082D)
    assert nodes[1].vid is None
    assert [node.serial for node in nodes] == ["3A51", ""]


def test_a_node_without_its_device_file_is_left_out(tmp_path: Path) -> None:
    make_node(tmp_path, 0, "Gone")
    (tmp_path / "dev" / "video0").unlink()
    assert list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev") == []


def test_a_node_that_answers_no_question_counts_as_a_camera(tmp_path: Path) -> None:
    make_node(tmp_path, 0, "Odd")
    node = list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev")[0]
    assert node.captures and node.driver == ""


def nodes_of(root: Path, number: int, label: str, **files: str) -> VideoNode:
    """A node without a device beneath it, which tells nothing when it is opened."""
    entry = root / "devices" / "virtual" / "video4linux" / f"video{number}"
    entry.mkdir(parents=True)
    for name, text in {"name": label, **files}.items():
        (entry / name).write_text(text + "\n")
    for folder in ("sys", "dev"):
        (root / folder).mkdir(exist_ok=True)
    (root / "sys" / entry.name).symlink_to(entry)
    (root / "dev" / entry.name).touch()
    return list_nodes(sys_folder=root / "sys", dev_folder=root / "dev")[0]


def test_a_loopback_that_may_not_be_asked_is_known_by_its_place_in_sys(tmp_path: Path) -> None:
    node = nodes_of(tmp_path, 10, "DroidCam")
    assert node.driver == "" and is_loopback(node)
    make_node(tmp_path, 0, "HD Webcam")
    webcam = list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev")[0]
    assert not is_loopback(webcam) and webcam.device


@pytest.mark.parametrize("label", ["StreamV2V Camera", "OBS Virtual Camera", "Dummy video device (0x0014)"])
def test_a_loopback_that_may_not_be_asked_is_known_by_its_label_too(label: str, tmp_path: Path) -> None:
    make_node(tmp_path, 10, label)
    assert is_loopback(list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev")[0])


@pytest.mark.parametrize(("state", "fed"), [("capture", True), ("output", False)])
def test_whether_somebody_writes_to_a_loopback_that_may_not_be_asked_is_told_by_its_module(
    state: str, fed: bool, tmp_path: Path
) -> None:
    node = nodes_of(tmp_path, 10, "StreamV2V", state=state)
    assert (is_fed(node), node.captures, node.outputs) == (fed, fed, not fed)


@pytest.mark.parametrize("refusal", [PermissionError(13, "no"), OSError(16, "busy"), OSError(19, "no such device")])
def test_that_a_node_may_not_be_opened_is_a_fact_of_its_own_and_so_is_that_its_device_is_away(
    refusal: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whoever runs the tests may open every file
    def refused(*args: object, **how: object) -> None:
        raise refusal

    make_node(tmp_path, 0, "HD Webcam")
    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(Path, "read_text", lambda path, *how: "HD Webcam")
    node = list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev")[0]
    assert node.closed == isinstance(refusal, PermissionError)
    assert node.captures == (refusal.errno != 19), "a node whose device was taken away is no camera to choose"


def test_a_machine_without_video_nodes_has_none(tmp_path: Path) -> None:
    assert list_nodes(sys_folder=tmp_path / "nothing") == []


def test_the_status_of_an_input_is_found_in_what_the_driver_tells_of_it() -> None:
    # index, name, type, sound, tuner, standards, status, capabilities, reserved: as the kernel lays a v4l2_input out
    told = struct.pack("=I32sIIIQII16x", 0, b"HDMI 000-0", 2, 0, 0, 0, 0x2, 0)
    assert status_of_input(told) == 0x2


def test_a_node_that_cannot_be_asked_for_its_signal_counts_as_fed(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    assert has_signal(str(tmp_path / "video0")) and has_signal(str(tmp_path / "none"))
