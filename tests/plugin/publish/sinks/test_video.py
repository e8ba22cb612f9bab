"""The file sink: what is on the disk plays at any moment, and clear words when the place gives out."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from streamv2v_cam.errors import SinkError
from streamv2v_cam.frame import Pixels
from streamv2v_cam.publish.sinks import is_file_sink, open_sink
from streamv2v_cam.publish.sinks.video import VideoFileSink

WIDTH, HEIGHT = 64, 48


def picture(number: int) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), (10 * number) % 250, np.uint8)


def open_file(path: Path, *, fps: float = 30.0) -> VideoFileSink:
    return VideoFileSink(path, width=WIDTH, height=HEIGHT, fps=fps)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize(("fps", "rate"), [(30.0, Fraction(30)), (29.97, Fraction(2997, 100))])
def test_every_picture_is_in_the_file_at_the_rate_it_was_sent(
    tmp_path: Path, ending: str, fps: float, rate: Fraction
) -> None:
    path = tmp_path / f"out{ending}"
    sink = open_file(path, fps=fps)
    for number in range(25):
        sink.send(picture(number))
    sink.close()
    sink.close()
    assert os.listdir(tmp_path) == [path.name]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
        assert float(stream.average_rate or 0) == pytest.approx(float(rate), rel=0.01)
        assert len(frames) == 25
        greys = [round(float(frame.to_ndarray(format="rgb24").mean()) / 10) for frame in frames]
        assert greys[:5] == [0, 1, 2, 3, 4]


def test_colours_survive_the_way_into_the_file_and_are_declared(tmp_path: Path) -> None:
    colours = np.array([(220, 40, 40), (40, 200, 60), (30, 60, 220), (128, 128, 128)], np.uint8)
    pixels = np.ascontiguousarray(colours.repeat(WIDTH // 4, axis=0)[None].repeat(HEIGHT, axis=0))
    sink = open_file(tmp_path / "colours.mp4")
    sink.send(pixels)
    sink.close()
    with av.open(str(tmp_path / "colours.mp4")) as container:
        frame = next(container.decode(video=0))
    assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)
    seen = frame.to_ndarray(format="rgb24")[HEIGHT // 2, WIDTH // 8 :: WIDTH // 4].astype(int)
    assert np.abs(seen - colours).max() <= 6


def test_the_same_array_is_converted_once_but_written_each_time(tmp_path: Path) -> None:
    sink, same = open_file(tmp_path / "still.mp4"), picture(7)
    for _ in range(10):
        sink.send(same)
    sink.close()
    with av.open(str(tmp_path / "still.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_a_file_without_a_picture_leaves_nothing(tmp_path: Path) -> None:
    open_file(tmp_path / "empty.mp4").close()
    assert os.listdir(tmp_path) == []


def test_a_stopped_file_can_be_thrown_away(tmp_path: Path) -> None:
    sink = open_file(tmp_path / "stopped.mp4")
    sink.send(picture(1))
    sink.close(whole=False)
    assert os.listdir(tmp_path) == []


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov"])
def test_all_but_the_last_second_plays_while_the_file_is_still_being_written(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    sink = open_file(path)
    for number in range(90):
        sink.send(picture(number))
    copy = tmp_path / f"as_if_killed{ending}"
    copy.write_bytes(path.read_bytes())
    assert frames_in(copy) > 60
    sink.close()
    assert frames_in(path) == 90


def test_a_finished_mp4_is_an_ordinary_one_with_its_index(tmp_path: Path) -> None:
    sink = open_file(tmp_path / "out.mp4")
    for number in range(60):
        sink.send(picture(number))
    sink.close()
    whole = (tmp_path / "out.mp4").read_bytes()
    assert b"moov" in whole and b"moof" not in whole[:64] and whole[4:8] == b"ftyp"
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].frames == 60


def test_an_older_file_of_that_name_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    for length in (20, 30):
        sink = open_file(path)
        for number in range(length):
            sink.send(picture(number))
        if length == 30:
            assert frames_in(path) == 20
        sink.close()
    assert frames_in(path) == 30
    assert os.listdir(tmp_path) == ["out.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no limit on the size of a file")
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_what_was_written_before_the_disk_was_full_stays_and_plays(tmp_path: Path, ending: str) -> None:
    # the most a file may hold stands in for the disk: the write fails in the middle, as on a full one
    script = (
        "import resource, sys, signal\n"
        "import numpy as np\n"
        "from streamv2v_cam.errors import SinkError\n"
        "from streamv2v_cam.publish.sinks.video import VideoFileSink\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "sink, rng = VideoFileSink(sys.argv[1], width=128, height=96, fps=30), np.random.default_rng(0)\n"
        "try:\n"
        "    while True: sink.send(rng.integers(0, 256, (96, 128, 3), dtype=np.uint8))\n"
        "except SinkError as error: print(sink.frames, error)\n"
    )
    path = tmp_path / f"out{ending}"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    sent, words = done.stdout.split(maxsplit=1)
    assert "File too large" in words and "play" in words and "\n" not in words.strip()
    kept = frames_in(path)
    assert int(sent) - 30 <= kept <= int(sent)
    assert f"{kept} of {sent} frames are kept" in words
    assert os.listdir(tmp_path) == [path.name]


@contextlib.contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Within it no file of this process grows beyond `size` bytes: writing fails as on a full disk."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no limit on the size of a file")
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_a_disk_that_is_full_from_the_start_is_said_in_words_and_leaves_no_empty_file(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"out{ending}"
    path.write_bytes(b"the older one")
    stranger = tmp_path / f"out.new{ending}"
    stranger.write_bytes(b"another's")
    rng = np.random.default_rng(0)
    with no_file_above(200), pytest.raises(SinkError, match="File too large") as caught:
        sink = open_file(path)
        for _ in range(300):
            sink.send(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))
        sink.close()
    assert "Nothing was kept" in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, stranger.name])
    assert path.read_bytes() == b"the older one" and stranger.read_bytes() == b"another's"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("no/such/folder/out.mp4", "No such file or directory"),
        ("out.avi", "ends in none of"),
        ("folder.mp4", "is a folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str, answer: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(SinkError, match=answer):
        open_file(tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes and moves no open file")
def test_a_file_that_is_deleted_while_it_is_written_is_ended_at_once_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    sink = open_file(folder / "out.mp4")
    for number in range(20):
        sink.send(picture(number))
    shutil.rmtree(folder)
    with pytest.raises(SinkError, match=r"was deleted while it was written\. Nothing was kept\."):
        for number in range(60):
            sink.send(picture(number))
    sink.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes and moves no open file")
def test_a_file_whose_folder_was_moved_is_whole_in_its_new_place(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    sink = open_file(folder / "out.mp4")
    for number in range(20):
        sink.send(picture(number))
    folder.rename(tmp_path / "moved")
    sink.send(picture(20))
    sink.close()
    assert frames_in(tmp_path / "moved" / "out.mp4") == 21


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes and moves no open file")
def test_a_file_that_can_only_not_be_given_its_name_is_kept_under_the_one_it_has(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"older")
    sink = open_file(tmp_path / "out.mp4")
    for number in range(20):
        sink.send(picture(number))
    (tmp_path / "out.mp4").unlink()
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(SinkError, match=r"20 of 20 frames are kept in 'out\.new\.mp4' and play"):
        sink.close()


@pytest.mark.skipif(sys.platform == "win32", reason="folders of Windows know no read-only bit")
def test_a_read_only_folder_is_refused_at_once(tmp_path: Path) -> None:
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path
    tmp_path.chmod(0o500)
    with pytest.raises(SinkError, match=r"cannot be written in .*(Permission denied|Read-only)"):
        open_file(folder / "out.mp4")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(("width", "height"), [(63, 48), (64, 47)])
def test_an_odd_size_is_refused_in_words(tmp_path: Path, width: int, height: int) -> None:
    with pytest.raises(SinkError, match="even"):
        VideoFileSink(tmp_path / "odd.mp4", width=width, height=height, fps=30)


def test_words_name_sinks_and_nonsense_is_answered(tmp_path: Path) -> None:
    assert open_sink("null", width=64, height=48, fps=30).name.startswith("nothing")
    sink = open_sink(str(tmp_path / "named.mkv"), width=64, height=48, fps=30)
    assert "named.mkv" in sink.name
    sink.close()
    assert is_file_sink("A.MP4") and not is_file_sink("camera")
    with pytest.raises(SinkError, match="'telly' is not known"):
        open_sink("telly", width=64, height=48, fps=30)
