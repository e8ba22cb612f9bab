"""A camera through OpenCV, on small captures that break as real ones do; real drivers are in the virtual machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from streamv2v_cam.capture import camera as module
from streamv2v_cam.capture.camera import DAMAGED_IN_A_ROW, CameraSource
from streamv2v_cam.capture.cameras import CameraInfo
from streamv2v_cam.errors import SourceError

WEBCAM = CameraInfo(0, "HD Webcam", "/dev/video0", cv2.CAP_V4L2)


class Capture:
    """Answers as OpenCV does.

    Args:
        answers: for each grab a grey, "damaged", "odd" (a picture the decoder stumbles over), or None where none came;
            the last one for ever.
        opens: what `isOpened` says.
    """

    def __init__(self, answers: Sequence[Any], *, opens: bool = True) -> None:
        self._answers, self._opens = list(answers), opens
        self._now: Any = None
        self.released = False

    def isOpened(self) -> bool:
        return self._opens

    def grab(self) -> bool:
        self._now = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return self._now is not None

    def retrieve(self) -> tuple[bool, Any]:
        if self._now == "odd":
            raise cv2.error("a picture of another size than announced")
        if self._now == "damaged":
            return False, None
        grey, size = self._now if isinstance(self._now, tuple) else (self._now, (6, 8))
        return True, np.full((*size, 3), grey, np.uint8)

    def get(self, _: int) -> float:
        return 30.0

    def release(self) -> None:
        self.released = True


def opened(answers: Sequence[Any], *, signal: Callable[[str], bool] = lambda _: True, **more: Any) -> CameraSource:
    capture = Capture(answers, **more)
    source = CameraSource(WEBCAM, width=8, height=6, fps=30, open=lambda *_: capture, signal=signal)
    assert not capture.released
    return source


@pytest.mark.parametrize(("answers", "opens"), [([None], True), (["damaged"], True), ([1], False)])
def test_a_camera_that_says_it_opened_and_gives_no_picture_is_none(answers: list[Any], opens: bool) -> None:
    capture = Capture(answers, opens=opens)
    webcam = CameraInfo(0, "HD Webcam", "", cv2.CAP_V4L2)
    with pytest.raises(SourceError, match=r"'HD Webcam' did not give a picture\. Another program may be using it"):
        CameraSource(webcam, width=8, height=6, fps=30, open=lambda *_: capture, signal=lambda _: True)
    assert capture.released


def test_the_first_picture_is_not_lost_to_the_proof() -> None:
    source = opened([10, 20, 30])
    assert [int(source.read()[0, 0, 0]) for _ in range(3)] == [10, 20, 30]
    assert source.name == "camera 'HD Webcam' (8x6 at 30)"


def test_a_read_that_fails_at_once_ends_the_source_at_the_first() -> None:
    source = opened([10, None])
    source.read()
    with pytest.raises(SourceError, match=r"gives no picture any more\. Is it still plugged in"):
        source.read()


@pytest.mark.parametrize("fault", ["damaged", "odd"])
def test_a_damaged_picture_now_and_then_is_passed_over_and_nothing_but_damaged_ones_are_a_loss(fault: str) -> None:
    source = opened([10, fault, fault, 20])
    assert [int(source.read()[0, 0, 0]) for _ in range(2)] == [10, 20]
    source = opened([10, *[fault] * DAMAGED_IN_A_ROW, 20])
    source.read()
    with pytest.raises(SourceError, match="damaged pictures only"):
        source.read()


def test_a_camera_that_changes_its_size_goes_on() -> None:
    source = opened([10, (20, (91, 161))])
    assert [source.read().shape for _ in range(2)] == [(6, 8, 3), (91, 161, 3)]


def test_a_capture_card_without_a_signal_is_lost_although_it_gives_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIGNAL_EVERY_S", -1.0)
    fed = [True]
    source = opened([10], signal=lambda path: fed[0] and path == "/dev/video0")
    source.read()
    fed[0] = False
    with pytest.raises(SourceError, match="no signal: nothing feeds it"):
        source.read()
    with pytest.raises(SourceError, match="no signal"):
        opened([10], signal=lambda _: False)
