"""A video file as a camera: real small files, decoded and paced."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import pytest
from small_clips import number_of, write_clip
from streamv2v_cam.capture.video import VideoFileSource
from streamv2v_cam.errors import SourceError


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "twelve.mp4", 12, fps=30)


def numbers_until_end(source: VideoFileSource) -> list[int]:
    numbers = []
    while (pixels := source.read()) is not None:
        numbers.append(number_of(pixels))
    return numbers


def test_a_file_gives_its_pictures_in_order_and_then_its_end(clip: Path) -> None:
    source = VideoFileSource(clip)
    numbers = numbers_until_end(source)
    assert numbers == sorted(numbers) and numbers[0] == 0
    assert source.read() is None
    source.close()


def test_a_file_takes_as_long_as_it_says(clip: Path) -> None:
    source = VideoFileSource(clip)
    began_s = time.monotonic()
    numbers_until_end(source)
    # Only the lower bound can be held to on a busy machine: nothing is shown before its time.
    assert time.monotonic() - began_s >= 11 / 30


def test_a_slow_reader_gets_the_newest_picture_not_the_next(tmp_path: Path) -> None:
    source = VideoFileSource(write_clip(tmp_path / "long.mp4", 30, fps=30))
    first = source.read()
    assert first is not None and number_of(first) == 0
    source.read()
    time.sleep(0.5)
    source.read()
    late = source.read()
    assert late is None or number_of(late) >= 10


def test_a_looped_file_begins_again(tmp_path: Path) -> None:
    source = VideoFileSource(write_clip(tmp_path / "short.mp4", 4, fps=60), loop=True)
    numbers = [number_of(pixels) for _ in range(12) if (pixels := source.read()) is not None]
    assert len(numbers) == 12
    assert numbers.count(0) >= 2
    source.close()


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    path = tmp_path / "anamorphic.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
        container.mux(stream.encode(picture))
        container.mux(stream.encode())
    source = VideoFileSource(path)
    pixels = source.read()
    assert pixels is not None and pixels.shape == (48, 128, 3)


@pytest.mark.parametrize(("turn", "bright"), [(90, "foot"), (-90, "top"), (180, "right")])
def test_a_clip_that_was_filmed_turned_is_shown_upright(tmp_path: Path, turn: int, bright: str) -> None:
    path = tmp_path / "turned.mp4"
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(turn)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    pixels = VideoFileSource(path).read()
    assert pixels is not None and pixels.flags["C_CONTIGUOUS"]
    height, width = pixels.shape[:2]
    assert (width, height) == ((64, 48) if turn == 180 else (48, 64))
    halves = {"top": pixels[:20], "foot": pixels[-20:], "left": pixels[:, :20], "right": pixels[:, -20:]}
    assert max(halves, key=lambda side: float(halves[side].mean())) == bright


def test_a_text_file_is_refused_in_one_line(tmp_path: Path) -> None:
    for name in ("story.txt", "story.mp4"):
        path = tmp_path / name
        path.write_text("Once upon a time there was a camera.\n" * 200)
        with pytest.raises(SourceError, match=rf"Video '{name}' (cannot be opened|holds no video)") as caught:
            VideoFileSource(path)
        assert "\n" not in str(caught.value)


def test_a_file_with_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(SourceError, match="holds no video"):
        VideoFileSource(path)
