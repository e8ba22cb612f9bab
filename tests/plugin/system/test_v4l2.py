"""Video nodes read from a /sys made by hand."""

from __future__ import annotations

from pathlib import Path

from streamv2v_cam.system.v4l2 import list_nodes


def make_node(root: Path, number: int, label: str, *, ids: tuple[str, str] | None = None) -> None:
    entry = root / "sys" / f"video{number}"
    device = root / "usb" / f"1-{number}" / f"1-{number}:1.0"
    device.mkdir(parents=True)
    entry.mkdir(parents=True)
    (entry / "name").write_text(label + "\n")
    (entry / "device").symlink_to(device)
    if ids:
        (device.parent / "idVendor").write_text(ids[0])
        (device.parent / "idProduct").write_text(ids[1])
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev" / f"video{number}").touch()


def test_nodes_come_in_order_with_label_and_usb_numbers(tmp_path: Path) -> None:
    make_node(tmp_path, 10, "StreamV2V")
    make_node(tmp_path, 2, "HD Webcam", ids=("046d", "082d"))
    nodes = list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev")
    assert [(node.number, node.label) for node in nodes] == [(2, "HD Webcam"), (10, "StreamV2V")]
    assert (nodes[0].vid, nodes[0].pid) == (0x046D, 0x082D)
    assert nodes[1].vid is None


def test_a_node_without_its_device_file_is_left_out(tmp_path: Path) -> None:
    make_node(tmp_path, 0, "Gone")
    (tmp_path / "dev" / "video0").unlink()
    assert list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev") == []


def test_a_node_that_answers_no_question_counts_as_a_camera(tmp_path: Path) -> None:
    make_node(tmp_path, 0, "Odd")
    node = list_nodes(sys_folder=tmp_path / "sys", dev_folder=tmp_path / "dev")[0]
    assert node.captures and node.driver == ""


def test_a_machine_without_video_nodes_has_none(tmp_path: Path) -> None:
    assert list_nodes(sys_folder=tmp_path / "nothing") == []
