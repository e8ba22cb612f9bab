"""A code that a camera reads is the code that was shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.invitation import Invitation, drawn, invitation_of, scanned
from streamv2v_cam.engine.remote.pairing import make_code
from streamv2v_cam.errors import SettingsError
from streamv2v_cam.frame import Pixels

PLACES = (ServerAddress("gpu-pc", 8770), ServerAddress("192.168.1.20", 8770), ServerAddress("10.0.0.7", 8770))


def photo(shown: str) -> Pixels:
    """The terminal as a camera sees it: light letters on dark, a little blurred, on a desk."""
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    rows = [np.array([halves[letter] for letter in line], np.uint8).T for line in shown.split("\n")]
    modules = np.concatenate(rows)
    screen = cv2.resize(modules, None, fx=7, fy=7, interpolation=cv2.INTER_NEAREST)
    scene = np.full((480, 640), 40, np.uint8)
    high, wide = screen.shape
    scene[60 : 60 + high, 120 : 120 + wide] = screen
    return cv2.cvtColor(cv2.GaussianBlur(scene, (3, 3), 0), cv2.COLOR_GRAY2RGB)


class Camera:
    """Gives pictures that were taken before."""

    name = "camera"

    def __init__(self, *pictures: Pixels) -> None:
        self._pictures = list(pictures)

    def read(self) -> Pixels | None:
        return self._pictures.pop(0) if self._pictures else None

    def close(self) -> None: ...


def test_a_camera_before_the_servers_screen_reads_address_and_code() -> None:
    asked = Invitation(PLACES, make_code())
    camera = Camera(np.zeros((480, 640, 3), np.uint8), photo(drawn(str(asked))))
    assert scanned(camera, within_s=60) == asked


def test_other_codes_in_view_are_passed_over_and_none_at_all_is_said() -> None:
    other = photo(drawn("https://example.org/a-poster-on-the-wall"))
    with pytest.raises(SettingsError, match="No code of an engine server came into view"):
        scanned(Camera(other), within_s=60)


@pytest.mark.parametrize(
    "text", ["https://gpu-pc/K7QX-93MN-PL4R", "streamv2v-cam://gpu-pc", "streamv2v-cam://gpu-pc/../x"]
)
def test_what_is_no_invitation_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        invitation_of(text)


def test_an_invitation_is_its_text() -> None:
    asked = Invitation(PLACES[:1], "K7QX-93MN-PL4R")
    assert str(asked) == "streamv2v-cam://gpu-pc:8770/K7QX-93MN-PL4R"
    assert invitation_of(str(asked)) == asked
