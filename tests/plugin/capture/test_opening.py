"""What `--source` may say, and what it answers to nonsense."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_clips import write_clip
from streamv2v_cam.capture import SourceOpener, open_source
from streamv2v_cam.capture.image import ImageSource
from streamv2v_cam.capture.presenter import PresenterSource
from streamv2v_cam.capture.video import VideoFileSource
from streamv2v_cam.errors import SourceError
from streamv2v_cam.interfaces import Source


def opened(spec: str, *, loop: bool = False) -> Source:
    return open_source(spec, width=320, height=180, fps=30, loop=loop)


def test_the_presenter_needs_nothing() -> None:
    source = opened("presenter")
    assert isinstance(source, PresenterSource)
    pixels = source.read()
    assert pixels is not None and pixels.shape == (180, 320, 3)


def test_an_image_is_read_upright_in_rgb(tmp_path: Path) -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[..., 2] = 250
    cv2.imwrite(str(tmp_path / "red.png"), picture)
    source = opened(str(tmp_path / "red.png"))
    assert isinstance(source, ImageSource)
    first, second = source.read(), source.read()
    assert first is second is not None
    assert first.shape == (20, 30, 3) and first[0, 0].tolist() == [250, 0, 0]


@pytest.mark.parametrize("ending", ["", "?loop"])
def test_a_video_may_ask_to_be_looped(tmp_path: Path, ending: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", 3)
    source = opened(f"{path}{ending}")
    assert isinstance(source, VideoFileSource)
    assert ("looped" in source.name) == bool(ending)
    assert "looped" in opened(str(path), loop=True).name


@pytest.mark.parametrize(
    ("spec", "answer"),
    [
        ("", "No source was named"),
        ("no/such/clip.mp4", "does not exist"),
        ("missing.png", "does not exist"),
        ("camera:no such camera", "Camera 'no such camera' was not found"),
        ("no such camera", "Camera 'no such camera' was not found"),
        ("97", "Camera '97' was not found"),
        ("/dev/video97", "Camera '/dev/video97' was not found"),
        ("http://127.0.0.1:1/nothing", "Address http://127.0.0.1:1 cannot be opened"),
        ("rtsp://me:secret@127.0.0.1:1/nothing", "Address rtsp://127.0.0.1:1 cannot be opened"),
    ],
)
def test_nonsense_gets_one_line_that_names_it(spec: str, answer: str) -> None:
    with pytest.raises(SourceError, match=answer) as caught:
        opened(spec)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        "ftp://user:SECRET@127.0.0.1:1/x.mp4",
        "mms://SECRET@host/x",
        "onvif://host/SECRET",
        "rtsph://user:SECRET@host/live",
        "rtsp;//user:SECRET@host/live",
        "rtsp:\\\\user:SECRET@host/live",
        "http:/user:SECRET@host/video",
        "user:SECRET@host/stream",
        "admin:SECRET@192.168.1.20",
        "127.0.0.1:1/video?pwd=SECRET",
        "host/snap.jpg?user=a&pwd=SECRET",
    ],
)
def test_an_address_of_a_kind_that_is_not_read_is_told_as_that_and_not_repeated(spec: str) -> None:
    with pytest.raises(SourceError, match="looks like an address, and of no kind that is read") as caught:
        opened(spec)
    assert "SECRET" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/shm")
def test_a_link_of_ones_own_to_a_camera_is_a_camera_and_one_to_a_clip_is_a_clip(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 3)
    for name, goal in (("webcam", Path("/dev/video97")), ("film", clip)):
        link = Path(f"/dev/shm/{tmp_path.parent.name}-{tmp_path.name}-{name}")
        link.symlink_to(goal)
        try:
            if goal == clip:
                assert isinstance(opened(str(link)), VideoFileSource)
            else:
                with pytest.raises(SourceError, match="Camera '/dev/video97' was not found"):
                    opened(str(link))
        finally:
            link.unlink()


def test_a_folder_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder"):
        opened(str(tmp_path))


def test_a_broken_image_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("not a picture")
    with pytest.raises(SourceError, match="holds no picture"):
        opened(str(tmp_path / "broken.png"))


def test_a_file_that_comes_later_is_found_by_the_same_opener(tmp_path: Path) -> None:
    opener = SourceOpener(str(tmp_path / "clip.mp4"), width=320, height=180, fps=30)
    with pytest.raises(SourceError):
        opener()
    write_clip(tmp_path / "clip.mp4", 3)
    assert opener().read() is not None
