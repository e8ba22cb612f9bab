"""Cameras by name and identity, on lists made by hand."""

from __future__ import annotations

import pytest
from streamv2v_cam.capture.cameras import CameraInfo, find_again, find_camera, is_own_output
from streamv2v_cam.errors import SourceError

INTERNAL = CameraInfo(0, "Integrated Camera", "/dev/video0", 200, 0x04F2, 0xB5A3, "usb-1")
LOGI = CameraInfo(2, "HD Pro Webcam C920", "/dev/video2", 200, 0x046D, 0x082D, "usb-2")
LOGI_TWIN = CameraInfo(4, "HD Pro Webcam C920", "/dev/video4", 200, 0x046D, 0x082D, "usb-3")
ALL = [INTERNAL, LOGI, LOGI_TWIN]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("", INTERNAL), ("0", INTERNAL), ("2", LOGI), ("/dev/video4", LOGI_TWIN), ("integrated", INTERNAL)],
)
def test_a_camera_is_found_by_number_path_and_part_of_its_name(wanted: str, found: CameraInfo) -> None:
    assert find_camera(wanted, ALL) is found


def test_an_ambiguous_name_lists_the_cameras_it_fits() -> None:
    with pytest.raises(SourceError, match=r"'C920' is not one but 2 cameras \(2 .*, 4 .*\)"):
        find_camera("C920", ALL)


def test_a_missing_camera_lists_the_ones_that_are_there() -> None:
    with pytest.raises(SourceError, match=r"'7' was not found \(found: 0 'Integrated Camera'"):
        find_camera("7", ALL)


@pytest.mark.parametrize("wanted", ["", "C920"])
def test_without_any_camera_the_presenter_is_offered(wanted: str) -> None:
    with pytest.raises(SourceError, match="presenter"):
        find_camera(wanted, [])


def test_a_camera_is_found_again_under_another_number() -> None:
    moved = CameraInfo(1, LOGI.name, "/dev/video1", 200, LOGI.vid, LOGI.pid, LOGI.bus)
    assert find_again(LOGI, [INTERNAL, LOGI_TWIN, moved]) is moved


def test_a_camera_in_another_socket_is_still_the_same_make() -> None:
    assert find_again(LOGI, [INTERNAL, LOGI_TWIN]) is LOGI_TWIN


def test_another_camera_never_stands_in_for_a_lost_one() -> None:
    with pytest.raises(SourceError, match="'HD Pro Webcam C920' is not plugged in"):
        find_again(LOGI, [INTERNAL])


@pytest.mark.parametrize("name", ["StreamV2V", "StreamV2V Camera", "OBS Virtual Camera", "Unity Video Capture"])
def test_the_programs_own_output_counts_as_no_camera(name: str) -> None:
    assert is_own_output(name)
    assert not is_own_output("HD Pro Webcam C920")
