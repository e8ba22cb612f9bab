"""Cameras by name and identity, on lists made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamv2v_cam.capture.cameras import (
    CameraInfo,
    Present,
    aware,
    find_again,
    find_camera,
    is_own_output,
    list_cameras,
    sorted_nodes,
)
from streamv2v_cam.errors import SourceError
from streamv2v_cam.system.v4l2 import LOOPBACK_DRIVER, VideoNode
from streamv2v_cam.system.written import begin_writing, end_writing

INTERNAL = CameraInfo(0, "Integrated Camera", "/dev/video0", 200, 0x04F2, 0xB5A3, "usb-1")
LOGI = CameraInfo(2, "HD Pro Webcam C920", "/dev/video2", 200, 0x046D, 0x082D, "usb-2")
LOGI_TWIN = CameraInfo(4, "HD Pro Webcam C920", "/dev/video4", 200, 0x046D, 0x082D, "usb-3")
ALL = Present([INTERNAL, LOGI, LOGI_TWIN], [], [])


def only(*cameras: CameraInfo) -> Present:
    return Present(list(cameras), [], [])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("", INTERNAL), ("0", INTERNAL), ("2", LOGI), ("/dev/video4", LOGI_TWIN), ("integrated", INTERNAL)],
)
def test_a_camera_is_found_by_number_path_and_part_of_its_name(wanted: str, found: CameraInfo) -> None:
    assert find_camera(wanted, ALL) is found


def test_a_camera_that_its_maker_calls_by_a_number_is_found_by_it_where_no_camera_has_that_number() -> None:
    odd = replace(INTERNAL, name="1080")
    assert find_camera("1080", only(LOGI, odd)) is odd
    assert find_camera("1080", only(replace(LOGI, index=1080), odd)).name == LOGI.name


@pytest.mark.parametrize("wanted", ["²", "７７"])
def test_a_number_in_other_signs_is_looked_for_and_breaks_nothing(wanted: str) -> None:
    with pytest.raises(SourceError, match="was not found"):
        find_camera(wanted, ALL)


def test_an_ambiguous_name_lists_the_cameras_it_fits() -> None:
    with pytest.raises(SourceError, match=r"'C920' is not one but 2 cameras \(2 .*, 4 .*\)"):
        find_camera("C920", ALL)


def test_a_missing_camera_lists_the_ones_that_are_there() -> None:
    with pytest.raises(SourceError, match=r"'7' was not found \(found: 0 'Integrated Camera'"):
        find_camera("7", ALL)


@pytest.mark.parametrize("wanted", ["", "C920"])
def test_without_any_camera_the_presenter_is_offered(wanted: str) -> None:
    with pytest.raises(SourceError, match="presenter"):
        find_camera(wanted, only())


def test_a_camera_is_found_again_under_another_number() -> None:
    moved = CameraInfo(1, LOGI.name, "/dev/video1", 200, LOGI.vid, LOGI.pid, LOGI.bus)
    assert find_again(LOGI, only(INTERNAL, LOGI_TWIN, moved)) is moved


def test_a_camera_in_another_socket_is_still_the_same_make() -> None:
    assert find_again(LOGI, only(INTERNAL, LOGI_TWIN)) is LOGI_TWIN


def test_a_twin_that_was_there_all_the_time_never_stands_in_for_the_one_that_was_unplugged() -> None:
    known = aware(ALL).cameras[1]
    with pytest.raises(SourceError, match="'HD Pro Webcam C920' is not plugged in"):
        find_again(known, only(INTERNAL, LOGI_TWIN))
    renumbered = replace(LOGI_TWIN, index=2, path="/dev/video2")
    with pytest.raises(SourceError, match="is not plugged in"):
        find_again(known, only(INTERNAL, renumbered))
    elsewhere = replace(LOGI, bus="usb-9")
    assert find_again(known, only(LOGI_TWIN, elsewhere)) is elsewhere
    assert find_again(known, only(LOGI_TWIN, LOGI)) is LOGI


def test_a_twin_with_the_same_number_from_its_maker_never_stands_in_either() -> None:
    twins = only(*(replace(camera, serial="0001") for camera in (LOGI, LOGI_TWIN)))
    known = aware(twins).cameras[0]
    with pytest.raises(SourceError, match="is not plugged in"):
        find_again(known, only(twins.cameras[1]))


def test_the_one_with_the_serial_number_is_it_in_the_place_of_its_twin_as_well() -> None:
    known = aware(only(replace(LOGI, serial="A1"), replace(LOGI_TWIN, serial=""))).cameras[0]
    moved = replace(LOGI, serial="A1", bus="usb-9")
    assert find_again(known, only(replace(LOGI_TWIN, serial=""), moved)) is moved
    in_its_place = replace(LOGI_TWIN, serial="A1")
    assert find_again(known, only(in_its_place)) is in_its_place


def test_where_the_system_tells_no_place_the_number_tells_twins_apart() -> None:
    twins = [replace(camera, bus="", path="") for camera in (LOGI, LOGI_TWIN)]
    for known in aware(only(*twins)).cameras:
        assert find_again(known, only(*twins)) == known


def test_of_two_that_may_both_be_it_none_is_taken() -> None:
    known = aware(only(LOGI)).cameras[0]
    with pytest.raises(SourceError, match=r"cannot be told from another.*2 'HD Pro.*4 'HD Pro.*Choose by number"):
        find_again(known, only(replace(LOGI, bus="usb-8"), LOGI_TWIN))


def test_the_cameras_of_a_machine_know_who_was_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [replace(WEBCAM[0], number=n, path=f"/dev/video{n}", bus=f"usb-{n}") for n in (0, 2)]
    monkeypatch.setattr("streamv2v_cam.capture.cameras.platform.system", lambda: "Linux")
    monkeypatch.setattr("streamv2v_cam.capture.cameras.list_nodes", lambda: twins)
    first, second = list_cameras()
    assert (first.beside, second.beside) == ((second,), (first,))
    monkeypatch.setattr("streamv2v_cam.capture.cameras.list_nodes", lambda: twins[1:])
    with pytest.raises(SourceError, match="not plugged in"):
        find_again(first)


def test_another_camera_never_stands_in_for_a_lost_one() -> None:
    with pytest.raises(SourceError, match="'HD Pro Webcam C920' is not plugged in"):
        find_again(LOGI, only(INTERNAL))


@pytest.mark.parametrize("name", ["StreamV2V", "StreamV2V Camera", "OBS Virtual Camera", "Unity Video Capture"])
def test_the_programs_own_output_counts_as_no_camera(name: str) -> None:
    assert is_own_output(name)
    assert not is_own_output("HD Pro Webcam C920")


def test_of_two_twins_the_one_with_the_same_serial_number_is_the_same_camera() -> None:
    known = replace(LOGI, serial="A1")
    moved = replace(LOGI_TWIN, serial="A1")
    at_the_old_place = replace(LOGI, serial="B2")
    assert find_again(known, only(at_the_old_place, moved)) is moved
    with pytest.raises(SourceError, match="not plugged in"):
        find_again(known, only(at_the_old_place))


def test_twins_to_which_their_maker_gave_one_number_are_told_apart_by_their_place() -> None:
    twins = replace(LOGI_TWIN, serial="0001"), replace(LOGI, serial="0001")
    assert find_again(twins[1], only(*twins)) is twins[1]


def node(number: int, label: str, *, driver: str = "uvcvideo", bus: str = "usb-1", captures: bool = True) -> VideoNode:
    return VideoNode(f"/dev/video{number}", number, label, driver, bus, captures=captures, outputs=not captures)


WEBCAM = [node(0, "HD Webcam"), node(1, "HD Webcam", captures=False), node(2, "HD Webcam")]
"""Picture, metadata, and a second picture, as of an infrared sensor."""
PHONE = node(20, "Phone", driver=LOOPBACK_DRIVER, bus="platform:v4l2loopback-020")
OURS = node(10, "StreamV2V", driver=LOOPBACK_DRIVER, bus="platform:v4l2loopback-010")


def test_a_webcam_is_one_camera_and_its_metadata_none() -> None:
    assert [camera.path for camera in sorted_nodes([*WEBCAM, PHONE]).cameras] == ["/dev/video0", "/dev/video20"]


def test_a_webcam_that_may_not_be_opened_is_one_camera_and_a_loopback_beside_it_its_programs() -> None:
    closed = [replace(node, driver="", bus="", captures=True, closed=True, device="/sys/usb1/1-3") for node in WEBCAM]
    ours = replace(OURS, driver="", bus="", captures=True, closed=True, virtual=True)
    present = sorted_nodes([*closed, ours, replace(ours, label="Phone", path="/dev/video20", captures=False)])
    assert [camera.path for camera in present.cameras] == ["/dev/video0"]
    assert [camera.name for camera in (*present.own, *present.idle)] == ["StreamV2V", "Phone"]


@pytest.mark.parametrize("wanted", ["/dev/video10", "10", "streamv2v", "StreamV2V"])
@pytest.mark.parametrize("captures", [True, False])
def test_our_own_camera_as_the_source_is_refused_with_the_reason(wanted: str, captures: bool) -> None:
    with pytest.raises(SourceError, match=r"own picture.*noise \(found: 0 'HD Webcam'"):
        find_camera(wanted, sorted_nodes([*WEBCAM, replace(OURS, captures=captures)]))


def test_a_node_that_this_process_writes_to_is_no_source_whatever_it_is_called() -> None:
    dummy = node(30, "Dummy video device (0x0000)", driver=LOOPBACK_DRIVER, bus="platform:v4l2loopback-030")
    assert find_camera("dummy", sorted_nodes([dummy])).path == "/dev/video30"
    begin_writing("/dev/video30")
    try:
        assert sorted_nodes([dummy]).cameras == []
        with pytest.raises(SourceError, match="own picture"):
            find_camera("/dev/video30", sorted_nodes([dummy]))
    finally:
        end_writing("/dev/video30")
    assert sorted_nodes([dummy]).own == []


def test_a_virtual_camera_that_nobody_writes_to_is_told_from_one_that_is_not_there() -> None:
    present = sorted_nodes([replace(PHONE, captures=False)])
    with pytest.raises(SourceError, match=r"'Phone' is a virtual camera that no program writes to"):
        find_camera("Phone", present)
    (known,) = sorted_nodes([PHONE]).cameras
    with pytest.raises(SourceError, match="no program writes to"):
        find_again(known, present)


def test_the_list_of_cameras_of_this_machine_can_be_had() -> None:
    assert isinstance(list_cameras(), list)
