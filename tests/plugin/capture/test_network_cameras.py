"""Network cameras that head their pictures badly, drop their clients, fall silent or change size."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from patience import until
from plugin.capture.network import KINDS, jpeg, jpeg_camera
from plugin.capture.test_thread import Rig
from small_clips import number_of
from streamv2v_cam.capture import url
from streamv2v_cam.capture.address import open_address
from streamv2v_cam.errors import SourceError


@pytest.mark.parametrize("kind", KINDS)
def test_jpeg_pictures_are_read_however_they_are_headed(kind: str) -> None:
    with jpeg_camera(kind) as camera:
        source = open_address(camera.address)
        numbers = [number_of(source.read()) for _ in range(4)]
        source.close()
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    assert numbers[0] < 3


def test_pictures_that_are_sent_as_if_they_were_one_are_read_as_many_and_without_delay() -> None:
    noise = np.random.default_rng(0).integers(0, 8, (480, 640, 3))
    large = [cv2.imencode(".jpg", noise + 8 * n, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes() for n in range(20)]
    with jpeg_camera("as one endless picture", picture=lambda number: large[number % 20]) as camera:
        source = open_address(camera.address)
        numbers = [number_of(source.read()) for _ in range(4)]
        source.close()
        assert camera.clients == 2
    assert numbers == list(range(numbers[0], numbers[0] + 4)) and numbers[0] < 3


def test_an_address_that_sends_no_pictures_is_refused_once_and_in_one_line() -> None:
    with jpeg_camera("without boundaries", picture=lambda _: b"<html>no camera</html>" * 50, lives=(9,)) as camera:
        with pytest.raises(SourceError, match="cannot be opened: ") as caught:
            open_address(camera.address)
        assert camera.clients == 2
    assert "\n" not in str(caught.value)


def test_a_camera_that_drops_its_client_is_asked_again_and_its_pictures_go_on() -> None:
    with jpeg_camera(lives=(6, 6, None)) as camera:
        rig = Rig(lambda: open_address(camera.address))
        assert until(lambda: rig.thread.lost_reason is not None)
        assert until(lambda: camera.clients >= 3 and rig.thread.lost_reason is None)
        seen = rig.telemetry.snapshot().captured
        assert until(lambda: rig.telemetry.snapshot().captured > seen + 10)
        rig.thread.stop()


def test_a_camera_that_falls_silent_counts_as_lost_and_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url, "SILENCE_S", 0.3)
    with jpeg_camera(lives=(6, None), stall=True) as camera:
        rig = Rig(lambda: open_address(camera.address))
        assert until(lambda: rig.thread.lost_reason is not None)
        assert until(lambda: camera.clients >= 2 and rig.thread.lost_reason is None)
        rig.thread.stop()


def changing(number: int) -> bytes:
    return jpeg(number) if number < 8 else jpeg(number, width=40, height=56)


def larger_later(number: int) -> bytes:
    return jpeg(number) if number < 8 else jpeg(number, width=161, height=91)


@pytest.mark.parametrize(("picture", "size"), [(changing, (56, 40)), (larger_later, (91, 161))])
def test_a_camera_that_changes_its_size_goes_on_without_being_opened_again(
    picture: Callable[[int], bytes], size: tuple[int, int]
) -> None:
    with jpeg_camera(picture=picture) as camera:
        source = open_address(camera.address)
        sizes = [source.read().shape[:2] for _ in range(20)]
        source.close()
        assert sizes[0] == (48, 64) and sizes[-1] == size
        assert camera.clients == 1
