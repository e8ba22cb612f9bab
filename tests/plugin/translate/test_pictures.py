"""Pictures that move and pictures in a row, as IN and as OUT: each once, for as long as it is meant to be seen."""

from __future__ import annotations

import logging
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageOps
from plugin.translate.clips import make
from plugin.translate.test_clip import translate, write
from streamv2v_cam.capture.opening import open_source
from streamv2v_cam.capture.video import VideoFileSource
from streamv2v_cam.errors import MediaError
from streamv2v_cam.translate.outputs import open_output
from streamv2v_cam.translate.reader import ClipReader
from streamv2v_cam.translate.writer import PictureFormat

LASTS_MS = (40, 80, 200)
SQUARE = PictureFormat(64, 48, Fraction(1), Fraction(1, 25), Fraction(25), 1, 1, 1)


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path_factory.mktemp("settings") / "settings.toml"))
    monkeypatch.setattr(logging.getLogger("streamv2v_cam"), "propagate", True)


def moving(path: Path, *, clear: bool = False) -> Path:
    """Three pictures, each brighter; where `clear` is set the right half of each lets through."""
    pictures = []
    for number in range(3):
        raw = np.full((48, 64, 4), 60 + 60 * number, np.uint8)
        raw[..., 3] = 255
        raw[:, 32:, 3] = 0 if clear else 255
        pictures.append(Image.fromarray(raw, "RGBA").convert("RGBA" if clear else "RGB"))
    more: dict[str, Any] = {"lossless": True} if path.suffix == ".webp" else {}
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=list(LASTS_MS), loop=0, disposal=2, **more
    )
    return path


def read(source: Path, **options: Any) -> list[tuple[float, float, float]]:
    """Begin and length in seconds and mean value of each picture."""
    with ClipReader(str(source), **options) as reader:
        frames = list(reader.frames(on_other=lambda _packet: None))
        base = reader.time_base
    return [(float(f.pts * base), float(f.duration * base), float(f.item.mean())) for f in frames]


@pytest.mark.parametrize("name", ["in.webp", "in.gif", "in.png", "in.apng"])
def test_pictures_that_move_keep_their_times(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture):
    source = moving(tmp_path / name) if name != "in.apng" else moving(tmp_path / "x.png").rename(tmp_path / name)
    seen = read(source)
    assert [begin for begin, _, _ in seen] == pytest.approx([0, 0.04, 0.12])
    assert [lasts for _, lasts, _ in seen] == pytest.approx([ms / 1000 for ms in LASTS_MS])
    assert [value for _, _, value in seen] == pytest.approx([60, 120, 180], abs=2)
    assert not caplog.records


@pytest.mark.parametrize("name", ["in.webp", "in.gif", "in.png"])
def test_where_they_let_through_there_is_black_which_is_said_once(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
):
    assert [value for *_, value in read(moving(tmp_path / name, clear=True))] == pytest.approx([30, 60, 90], abs=2)
    assert [record.getMessage().partition("lets")[2] for record in caplog.records] == [
        " through in places: it was laid over black."
    ]


@pytest.mark.parametrize("through", ["pipe", "file"])
@pytest.mark.parametrize("name", ["in.webp", "in.gif", "in.png"])
def test_they_come_through_standard_input_too(tmp_path: Path, name: str, through: str, monkeypatch: pytest.MonkeyPatch):
    raw = moving(tmp_path / name).read_bytes()
    reading, writing = os.pipe() if through == "pipe" else (os.open(tmp_path / name, os.O_RDONLY), -1)
    if writing >= 0:
        os.write(writing, raw)  # less than a pipe holds
        os.close(writing)
    monkeypatch.setattr("streamv2v_cam.translate.pipes.os.dup", lambda _number: reading)
    assert [lasts for _, lasts, _ in read(Path("-"))] == pytest.approx([ms / 1000 for ms in LASTS_MS])


@pytest.mark.parametrize("name", ["in.webp", "in.png"])
def test_a_source_that_moves_is_played_and_one_that_does_not_is_a_still(tmp_path: Path, name: str):
    source = open_source(str(moving(tmp_path / name)), width=64, height=48, fps=30)
    assert isinstance(source, VideoFileSource)
    pictures = []
    while (picture := source.read()) is not None:
        pictures.append(picture.mean())
    source.close()
    assert pictures[0] == pytest.approx(60, abs=2) and pictures[-1] == pytest.approx(180, abs=2)
    Image.new("RGB", (64, 48), (90, 90, 90)).save(tmp_path / f"still{source and Path(name).suffix}")
    still = open_source(str(tmp_path / f"still{Path(name).suffix}"), width=64, height=48, fps=30)
    assert not isinstance(still, VideoFileSource)
    still.close()


def test_a_moving_picture_that_is_cut_short_is_kept_as_far_as_it_goes(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    rng = np.random.default_rng(1)
    pictures = [Image.fromarray(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)) for _ in range(6)]
    pictures[0].save(tmp_path / "whole.webp", save_all=True, append_images=pictures[1:], duration=40, lossless=True)
    raw = (tmp_path / "whole.webp").read_bytes()
    try:
        seen = read(write(tmp_path / "in.webp", raw[: len(raw) // 2]))
    except MediaError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert 0 < len(seen) < 6 and "breaks off" in caplog.text


def test_a_moving_picture_that_says_it_is_as_large_as_a_field_is_one_line(tmp_path: Path):
    raw = bytearray(moving(tmp_path / "whole.webp").read_bytes())
    raw[24:30] = b"\xff" * 6  # 16,777,216 px on each side
    with pytest.raises(MediaError, match="not a video, or it is damaged"):
        read(write(tmp_path / "in.webp", bytes(raw)))


def numbered(folder: Path, *numbers: int, ending: str = "png", size: tuple[int, int] = (64, 48)) -> Path:
    """Pictures p_NUMBER of value 4 x number."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        Image.new("RGB", size, (4 * number,) * 3).save(folder / f"p_{number}.{ending}", quality=95)
    return folder


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "tiff", "webp"])
def test_a_folder_of_pictures_is_a_clip_in_the_order_of_their_numbers(tmp_path: Path, ending: str):
    folder = numbered(tmp_path / "row", 9, 10, 2, 33, ending=ending)
    write(folder / "Thumbs.db", b"no picture")
    for source in (folder, folder / f"p_%d.{ending}"):
        seen = read(source)
        assert [value for *_, value in seen] == pytest.approx([8, 36, 40, 132], abs=3)
        assert [begin for begin, *_ in seen] == pytest.approx([0, 0.04, 0.08, 0.12])


def test_the_rate_that_is_asked_for_is_that_of_the_pictures_and_none_is_shown_twice(tmp_path: Path):
    folder = numbered(tmp_path / "row", *range(1, 8))
    summary = translate(folder, tmp_path / "out.mp4", fps=29.97)
    assert (summary["frames_in"], summary["frames_out"]) == (7, 7)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)


def test_gaps_other_sizes_and_unreadable_ones_are_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    folder = numbered(tmp_path / "row", 1, 2, 3, 7)
    numbered(folder, 3, size=(32, 48))
    write(folder / "p_2.png", b"\x89PNG and then nothing")
    seen = read(folder / "p_%d.png")
    assert len(seen) == 3 and seen[0][1] == pytest.approx(0.04)
    words = [record.getMessage() for record in caplog.records]
    assert len(words) == 3
    assert "3 are missing between 1 and 7" in words[0] and "1 of 4 pictures" in words[1] and "bars" in words[2]


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turn_in_the_data_of_a_photo_is_followed_mirrored_ones_too(tmp_path: Path, turn: int):
    raw = np.zeros((48, 64, 3), np.uint8)
    raw[:24, :32], raw[:24, 32:] = (200, 0, 0), (0, 200, 0)
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(raw).save(tmp_path / "p_1.jpg", exif=exif, quality=95)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "p_1.jpg"))).astype(float)
    for source in ("p_%d.jpg", "p_1.jpg"):
        with ClipReader(str(tmp_path / source)) as reader:
            (frame,) = reader.frames(on_other=lambda _packet: None)
        assert frame.item.shape == upright.shape
        assert np.abs(frame.item - upright).mean() < 4


@pytest.mark.parametrize(
    ("source", "words"), [("none", "folder without pictures"), ("p_%03d.png", "none of that name")]
)
def test_no_pictures_are_one_line(tmp_path: Path, source: str, words: str):
    (tmp_path / "none").mkdir()
    with pytest.raises(MediaError, match=words):
        translate(tmp_path / source, tmp_path / "out.mp4")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "bmp"])
def test_a_clip_becomes_numbered_pictures(tmp_path: Path, ending: str):
    with open_output(str(tmp_path / f"100%_%03d.{ending}"), SQUARE, (), surroundings=None, replace=False) as writer:
        for number in range(3):
            writer.write(np.full((48, 64, 3), 50 * number + 20, np.uint8), pts=number, duration=1)
    names = [f"100%_00{number}.{ending}" for number in (1, 2, 3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    values = [np.asarray(Image.open(tmp_path / name).convert("RGB")) for name in names]
    assert [value.shape for value in values] == [(48, 64, 3)] * 3
    assert [value.mean() for value in values] == pytest.approx([20, 70, 120], abs=2)


def test_a_clip_of_changing_rate_gives_pictures_of_a_constant_one_and_silence_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    clip = make(tmp_path / "in.mkv", codec="libx264", sound="aac", time_base=Fraction(1, 1000), pts=[0, 40, 200, 240])
    summary = translate(clip, tmp_path / "p_%d.png")
    assert summary["frames_in"] == 4 and summary["frames_out"] == len(list(tmp_path.glob("p_*.png"))) > 4
    assert sum("sound was left out" in record.getMessage() for record in caplog.records) == 1


def test_pictures_that_are_there_are_never_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    clip, row = make(tmp_path / "in.mp4", frames=3), tmp_path / "row"
    numbered(row, 2, 9)
    before = {path.name: path.read_bytes() for path in row.iterdir()}
    with pytest.raises(MediaError, match=r"'p_2.png' among them.*--overwrite"):
        translate(clip, row / "p_%d.png")
    with pytest.raises(MediaError, match="the same pictures"):
        translate(row, row / "p_%d.png", overwrite=True)
    assert {path.name: path.read_bytes() for path in row.iterdir()} == before
    translate(clip, row / "p_%d.png", overwrite=True)
    assert sorted(path.name for path in row.iterdir()) == ["p_1.png", "p_2.png", "p_3.png", "p_9.png"]
    assert (row / "p_9.png").read_bytes() == before["p_9.png"] and "untouched" in caplog.text


def test_pictures_that_came_meanwhile_stay_and_the_clips_own_go_beside_them(tmp_path: Path):
    with open_output(str(tmp_path / "p_%d.png"), SQUARE, (), surroundings=None, replace=False) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8), pts=0, duration=1)
        write(tmp_path / "p_1.png", b"mine")
    assert (tmp_path / "p_1.png").read_bytes() == b"mine"
    assert [path.name for path in (tmp_path / "p_%d (2)").iterdir()] == ["p_1.png"]


def test_a_name_too_long_for_pictures_is_refused_before_anything_is_done(tmp_path: Path):
    with pytest.raises(MediaError, match="file name too long"):
        open_output(str(tmp_path / ("x" * 248 + "%d.png")), SQUARE, (), surroundings=None, replace=False)
    assert not list(tmp_path.iterdir())


def test_an_error_on_the_way_leaves_no_picture(tmp_path: Path):
    target = str(tmp_path / "p_%d.png")
    with pytest.raises(KeyboardInterrupt), open_output(target, SQUARE, (), surroundings=None, replace=False) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8), pts=0, duration=1)
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def gradient(number: int) -> np.ndarray:
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([120 + x, 60 + y, 90 + (x + y + 2 * number) // 2], 2).astype(np.uint8)


@pytest.mark.parametrize(("name", "near"), [("out.gif", 4.0), ("out.apng", 0.01), ("out.webp", 4.0)])
def test_moving_pictures_are_written_with_the_colours_of_the_clip_and_play_for_ever(
    tmp_path: Path, name: str, near: float
):
    with open_output(str(tmp_path / name), SQUARE, (), surroundings=None, replace=False) as writer:
        for number in range(6):
            writer.write(gradient(number), pts=number, duration=1)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with Image.open(tmp_path / name) as image:
        assert image.info["loop"] == 0
        number = 0
        for frame in range(getattr(image, "n_frames", 1)):
            image.seek(frame)
            drawn = np.asarray(image.convert("RGB")).astype(float)
            assert np.abs(drawn - gradient(number)).mean(axis=(0, 1)).max() < near
            number += round(image.info["duration"] / 40)
        assert number == 6


def test_a_gif_is_never_faster_than_players_show(tmp_path: Path):
    clip = make(tmp_path / "in.mp4", time_base=Fraction(1, 100), frames=20)
    assert translate(clip, tmp_path / "out.gif")["frames_out"] in (10, 11)
    assert [lasts for _, lasts, _ in read(tmp_path / "out.gif")][:10] == pytest.approx([0.02] * 10)


@pytest.mark.parametrize("name", ["out.gif", "out.apng", "out.webp"])
def test_moving_stills_are_written_without_sound_which_is_said(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
):
    clip = make(tmp_path / "in.mp4", sound="aac", frames=6)
    assert translate(clip, tmp_path / name)["frames_out"] == 6
    seen = read(tmp_path / name)
    # WebP makes one picture of neighbours that are alike
    assert len(seen) == 6 or name == "out.webp"
    assert seen[-1][0] + seen[-1][1] == pytest.approx(0.2, abs=0.02)
    assert sum("sound was left out" in record.getMessage() for record in caplog.records) == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_left_out_of_a_looped_source_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    for number in (1, 3):
        Image.new("RGBA", (16, 16), (200, 0, 0, 0)).save(tmp_path / f"p_{number}.png")
    source = open_source(str(tmp_path / "p_%d.png"), width=16, height=16, fps=30, loop=True)
    for _ in range(7):
        assert source.read() is not None
    source.close()
    words = [record.getMessage() for record in caplog.records]
    assert len(words) == 2
    assert "1 is missing between 1 and 3" in words[0] and "through in places" in words[1]
