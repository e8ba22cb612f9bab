"""Which node is the virtual camera, on lists of nodes made by hand."""

from __future__ import annotations

from dataclasses import replace

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
    assert chosen_node(found.path, [OURS, OBS, PHONE]) == found
    assert whose in str(warning_of(found))
    assert warning_of(OURS) is warning_of(NOBODYS) is None


def test_a_webcam_as_the_output_is_refused_and_what_there_is_instead_is_said() -> None:
    with pytest.raises(SinkError, match=r"'/dev/video0' is the camera 'HD Webcam'.*There are: /dev/video11"):
        chosen_node("/dev/video0", [WEBCAM, OURS])


def test_a_loopback_is_named_by_its_label_too_since_numbers_change() -> None:
    assert chosen_node("streamv2v", [WEBCAM, PHONE, OURS]) == OURS
    with pytest.raises(SinkError, match=r"'nobody' does not exist. There are: /dev/video11 'StreamV2V Camera'"):
        chosen_node("nobody", [WEBCAM, OURS])
    with pytest.raises(SinkError, match="modprobe v4l2loopback"):
        chosen_node("streamv2v", [WEBCAM])


def test_a_virtual_camera_that_was_gone_is_found_again_under_another_number_and_another_never_stands_in() -> None:
    moved = node(13, OURS.label)
    assert found_again(OURS, [PHONE, moved]) == moved
    assert found_again(OURS, [moved, OURS]) is OURS
    with pytest.raises(SinkError, match="'StreamV2V Camera' is gone"):
        found_again(OURS, [PHONE, NOBODYS, node(OURS.number, "DroidCam")])


def test_of_two_nameless_nodes_the_one_that_no_program_writes_is_taken() -> None:
    taken = replace(NOBODYS, number=2, path="/dev/video2", captures=True, outputs=False)
    assert chosen_node(None, [taken, NOBODYS]) == NOBODYS
    # without exclusive_caps a node announces both directions, and its module says whether somebody writes
    both = replace(taken, outputs=True)
    assert (
        chosen_node(None, [replace(both, state="capture"), replace(NOBODYS, captures=True, state="output")]).number
        == 12
    )
    assert chosen_node(None, [taken]) == taken


def test_a_nameless_node_is_found_again_under_another_number_which_its_label_holds() -> None:
    known, moved = chosen_node(None, [OBS, NOBODYS]), node(2, "Dummy video device (0x0002)")
    assert found_again(known, [OBS, moved]) == moved
    with pytest.raises(SinkError, match="is gone"):
        found_again(known, [OBS, replace(moved, captures=True, outputs=False)])


def test_a_node_that_stood_beside_ours_never_stands_in_for_it() -> None:
    beside, moved = node(2, "Dummy video device (0x0002)"), node(3, "Dummy video device (0x0003)")
    known = chosen_node(NOBODYS.path, [NOBODYS, beside])
    with pytest.raises(SinkError, match="is gone"):
        found_again(known, [beside])
    assert found_again(found_again(known, [beside, moved]), [beside, NOBODYS]) == NOBODYS


def test_whoever_may_not_open_the_virtual_camera_is_not_told_to_install_one() -> None:
    closed = replace(OURS, driver="", captures=True, outputs=False, closed=True, virtual=True)
    metadata = replace(WEBCAM, driver="", captures=True, outputs=False, closed=True)
    for wanted in (None, "StreamV2V", OURS.path):
        assert chosen_node(wanted, [metadata, closed]) == closed
