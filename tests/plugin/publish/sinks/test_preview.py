"""The preview: JPEGs for those who watch, no work for those who do not."""

from __future__ import annotations

import threading

import cv2
import numpy as np
from streamv2v_cam.frame import Pixels
from streamv2v_cam.publish.sinks.preview import PreviewSink


def picture(red: int, *, width: int = 1280, height: int = 720) -> Pixels:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = red
    return pixels


def decoded(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def test_the_picture_is_small_and_its_colours_are_right() -> None:
    sink = PreviewSink()
    assert sink.latest_jpeg() is None
    sink.send(picture(250))
    answer = sink.latest_jpeg()
    assert answer is not None
    image = decoded(answer[1])
    assert image.shape == (360, 640, 3)
    assert image[180, 320, 2] > 230 and image[180, 320, 0] < 20


def test_a_smaller_picture_can_be_asked_for() -> None:
    sink = PreviewSink()
    assert sink.small_jpeg(192) is None
    sink.send(picture(250))
    small = sink.small_jpeg(192)
    assert small is not None and decoded(small).shape == (108, 192, 3)


def test_nothing_is_encoded_while_nobody_watches() -> None:
    sink = PreviewSink()
    for number in range(50):
        sink.send(picture(number, width=64, height=36))
    assert sink._encoded is None


def test_a_watcher_gets_each_newer_picture_once() -> None:
    sink = PreviewSink(max_fps=1000)
    sink.send(picture(10, width=64, height=36))
    first = sink.wait_newer(-1, 20)
    assert first is not None
    assert sink.wait_newer(first[0], 0.05) is None
    sink.send(picture(200, width=64, height=36))
    second = sink.wait_newer(first[0], 20)
    assert second is not None and second[0] > first[0]
    assert decoded(second[1])[10, 10, 2] > 180


def test_several_watchers_share_one_encoding() -> None:
    sink = PreviewSink()
    sink.send(picture(10, width=64, height=36))
    first, second = sink.wait_newer(-1, 20), sink.wait_newer(-1, 20)
    assert first is not None and second is not None
    assert first[1] is second[1]


def test_pictures_are_never_encoded_faster_than_asked() -> None:
    sink = PreviewSink(max_fps=0.001)
    sink.send(picture(10, width=64, height=36))
    first = sink.latest_jpeg()
    sink.send(picture(20, width=64, height=36))
    assert sink.latest_jpeg() is first
    assert first is not None and sink.wait_newer(first[0], 0.1) is None


def test_a_repeated_picture_is_no_news() -> None:
    sink, same = PreviewSink(max_fps=1000), picture(10, width=64, height=36)
    sink.send(same)
    first = sink.wait_newer(-1, 20)
    sink.send(same)
    assert first is not None and sink.wait_newer(first[0], 0.05) is None


def test_closing_wakes_the_watchers() -> None:
    sink, answers = PreviewSink(), list[object]()
    watcher = threading.Thread(target=lambda: answers.append(sink.wait_newer(-1, 60)))
    watcher.start()
    sink.close()
    watcher.join(20)
    assert answers == [None]
