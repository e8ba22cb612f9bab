"""Which node is the virtual camera, on lists of nodes made by hand."""

from __future__ import annotations

import pytest
from streamv2v_cam.errors import SinkError
from streamv2v_cam.publish.sinks.loopback import chosen_node, found_again, warning_of
from streamv2v_cam.system.loopback import find_loopback
from streamv2v_cam.system.v4l2 import LOOPBACK_DRIVER, VideoNode


def node(number: int, label: str, driver: str = LOOPBACK_DRIVER) -> VideoNode:
    return VideoNode(f"/dev/video{number}", number, label, driver, "", captures=False, outputs=True)


WEBCAM = node(0, "HD Webcam", "uvcvideo")
OBS, OURS, NOBODYS, PHONE = (
    node(10, "OBS Virtual Camera"),
    node(11, "StreamV2V Camera"),
    node(12, "Dummy video device (0x0000)"),
    node(9, "DroidCam"),
)


@pytest.mark.parametrize(
    ("nodes", "chosen"),
    [
        ([], None),
        ([WEBCAM], None),
        ([OBS, OURS], OURS),
        ([OBS, NOBODYS], NOBODYS),
        ([PHONE, NOBODYS], NOBODYS),
        ([PHONE, NOBODYS, OURS], OURS),
        ([OBS, PHONE], PHONE),
        ([OBS], None),
    ],
)
def test_our_own_loopback_is_taken_then_a_nameless_one_and_never_the_one_of_obs(
    nodes: list[VideoNode], chosen: VideoNode | None
) -> None:
    assert find_loopback(nodes) is chosen


@pytest.mark.parametrize(("found", "whose"), [(PHONE, "named for another program"), (OBS, "named for OBS")])
def test_a_loopback_of_another_program_is_taken_with_a_warning(found: VideoNode, whose: str) -> None:
    assert chosen_node(found.path, [OURS, OBS, PHONE]) is found
    assert whose in str(warning_of(found))
    assert warning_of(OURS) is warning_of(NOBODYS) is None


def test_a_webcam_as_the_output_is_refused_and_what_there_is_instead_is_said() -> None:
    with pytest.raises(SinkError, match=r"'/dev/video0' is the camera 'HD Webcam'.*There are: /dev/video11"):
        chosen_node("/dev/video0", [WEBCAM, OURS])


def test_a_loopback_is_named_by_its_label_too_since_numbers_change() -> None:
    assert chosen_node("streamv2v", [WEBCAM, PHONE, OURS]) is OURS
    with pytest.raises(SinkError, match=r"'nobody' does not exist. There are: /dev/video11 'StreamV2V Camera'"):
        chosen_node("nobody", [WEBCAM, OURS])
    with pytest.raises(SinkError, match="modprobe v4l2loopback"):
        chosen_node("streamv2v", [WEBCAM])


def test_a_virtual_camera_that_was_gone_is_found_again_under_another_number_and_another_never_stands_in() -> None:
    moved = node(13, OURS.label)
    assert found_again(OURS, [PHONE, moved]) is moved
    assert found_again(OURS, [moved, OURS]) is OURS
    with pytest.raises(SinkError, match="'StreamV2V Camera' is gone"):
        found_again(OURS, [PHONE, NOBODYS, node(OURS.number, "DroidCam")])
