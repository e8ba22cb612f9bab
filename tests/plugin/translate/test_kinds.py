"""Clips of every odd kind through the whole of translate: the right result, or one line before the engine starts."""

from __future__ import annotations

import logging
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from plugin.translate.clips import SAMPLE_RATE, facts, make, shown, sound_of
from plugin.translate.test_clip import translate, write
from streamv2v_cam.errors import MediaError
from streamv2v_cam.translate.reader import ClipReader


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path_factory.mktemp("settings") / "settings.toml"))


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("streamv2v_cam"), "propagate", True)
    return caplog


def warnings(said: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in said.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("source", "sound", "target", "kept"),
    [
        ("in.mkv", "flac", "out.mov", ("as aac", "aac")),
        ("in.mkv", "libopus", "out.mp4", ("copied", "opus")),
        ("in.mp4", "aac", "out.webm", ("as opus", "opus")),
        pytest.param("in.mkv", "libopus", "out.mov", ("as aac", "aac"), marks=pytest.mark.slow),
        pytest.param("in.mkv", "flac", "out.mp4", ("copied", "flac"), marks=pytest.mark.slow),
        pytest.param("in.mp4", "aac", "out.avi", ("as mp3", "mp3"), marks=pytest.mark.slow),
    ],
)
def test_sound_goes_over_as_it_is_or_is_coded_anew(tmp_path: Path, source: str, sound: str, target: str, kept: Any):
    clip = make(tmp_path / source, codec="libx264", sound=sound, frames=30, sample_rate=48000)
    summary = translate(clip, tmp_path / target)
    after = sound_of(tmp_path / target)
    assert after and (summary["sound"], after[0]) in (kept, ("as aac", "aac"))
    assert after[2] == pytest.approx(1.0, abs=0.1)
    assert len(shown(tmp_path / target)) == 30


def test_a_rate_that_aac_does_not_have_is_resampled_to_the_nearest(tmp_path: Path):
    clip = make(tmp_path / "in.mkv", sound="pcm_s16le", frames=20, sample_rate=192000)
    translate(clip, tmp_path / "out.ts")
    with av.open(str(tmp_path / "out.ts")) as container:
        assert container.streams.audio[0].codec_context.sample_rate == 96000


def test_damaged_sound_becomes_silence_and_the_picture_stays_whole(tmp_path: Path, said: Any):
    clip = make(tmp_path / "whole.mkv", codec="libx264", sound="flac", frames=60)
    raw = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    at = raw.find(packets[len(packets) // 2])
    raw[at : at + 200] = os.urandom(200)
    translate(write(tmp_path / "in.mkv", bytes(raw)), tmp_path / "out.ts")
    after = sound_of(tmp_path / "out.ts")
    assert len(shown(tmp_path / "out.ts")) == 60
    assert after and after[2] - shown(tmp_path / "out.ts")[0][0] == pytest.approx(2.0, abs=0.12)
    assert len([line for line in warnings(said) if "became silence" in line]) == 1


def test_a_sound_track_nobody_can_name_is_left_out_with_a_word(tmp_path: Path, said: Any):
    clip = make(tmp_path / "in.mov", codec="libx264", sound="pcm_s16le", frames=20)
    write(clip, clip.read_bytes().replace(b"sowt", b"zzzz"))
    summary = translate(clip, tmp_path / "out.mp4")
    assert summary["sound"] == "none" and len(shown(tmp_path / "out.mp4")) == 20
    assert sum("unknown kind" in line for line in warnings(said)) == 1


def test_times_of_sound_that_repeat_or_fall_cost_nothing_but_a_word(tmp_path: Path, said: Any):
    clip = rewritten(make(tmp_path / "a.mp4", codec="libx264", sound="aac", frames=60), tmp_path / "in.mkv")
    translate(clip, tmp_path / "out.mp4")
    after = sound_of(tmp_path / "out.mp4")
    assert after and after[2] == pytest.approx(2.0, abs=0.1) and len(shown(tmp_path / "out.mp4")) == 60


def rewritten(source: Path, target: Path) -> Path:
    """The same packets, two of the sound at one time (millisecond clock of FLV and Matroska)."""
    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in given.streams}
        number = 0
        for packet in given.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "audio":
                number += 1
                if number == 20:
                    packet.dts = packet.pts = packet.dts - packet.duration + 20
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    return target


@pytest.mark.parametrize(
    "options", [{}, *(pytest.param(more, marks=pytest.mark.slow) for more in ({"sound": False}, {"fps": 30}))]
)
def test_joined_streams_follow_each_other_in_step(tmp_path: Path, said: Any, options: Any):
    part = make(tmp_path / "part.ts", codec="libx264", sound="mp2", frames=30).read_bytes()
    translate(write(tmp_path / "in.ts", part + part), tmp_path / "out.mp4", **options)
    times = [seconds for seconds, _ in shown(tmp_path / "out.mp4")]
    assert len(times) == 60
    assert np.diff(times) == pytest.approx([1 / 30] * 59, abs=0.02)
    if "sound" not in options:
        after = sound_of(tmp_path / "out.mp4")
        assert after and after[2] == pytest.approx(2.0, abs=0.1)
    assert sum("clock" in line for line in warnings(said)) == 1


@pytest.mark.parametrize("name", ["in.ts", pytest.param("in.mp4", marks=pytest.mark.slow)])
def test_avi_which_has_no_times_gets_a_constant_rate(tmp_path: Path, name: str):
    clip = make(tmp_path / name, codec="libx264", sound="aac", frames=30)
    translate(clip, tmp_path / "out.avi")
    with av.open(str(tmp_path / "out.avi")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 30 and sum(packet.size > 0 for packet in container.demux(stream)) == 30


def test_a_rate_of_television_is_written_exactly(tmp_path: Path):
    translate(make(tmp_path / "in.mp4", frames=30), tmp_path / "out.mp4", fps=29.97)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)


@pytest.mark.parametrize("alpha", [255, 0])
def test_what_lets_through_is_said_and_what_only_might_is_not(tmp_path: Path, said: Any, alpha: int):
    with av.open(str(tmp_path / "in.mov"), "w") as container:
        stream: Any = container.add_stream("qtrle", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        picture = np.full((48, 64, 4), (alpha, 90, 90, 90), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="argb")))
        container.mux(stream.encode(None))
    translate(tmp_path / "in.mov", tmp_path / "out.mp4")
    assert sum("laid over black" in line for line in warnings(said)) == (alpha == 0)


def test_a_change_of_size_keeps_round_round_with_bars(tmp_path: Path, said: Any):
    wide = make(tmp_path / "a.ts", codec="libx264", size=(64, 32), frames=10).read_bytes()
    tall = make(tmp_path / "b.ts", codec="libx264", size=(32, 64), frames=10).read_bytes()
    translate(write(tmp_path / "in.ts", wide + tall), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        last = list(container.decode(video=0))[-1].to_ndarray(format="gray")
    assert last.shape == (32, 64)
    assert (last[:, :20] < last[16, 32] // 2).all() and (last[:, -20:] < last[16, 32] // 2).all()
    assert sum("change their size" in line for line in warnings(said)) == 1


def with_cover(target: Path, clip: Path | None) -> Path:
    """A container whose first stream is a cover picture."""
    with av.open(str(target), "w") as out:
        cover: Any = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj444p"
        cover.disposition = av.stream.Disposition.attached_pic
        given: Any = av.open(str(clip)) if clip else None
        streams = {stream.index: out.add_stream_from_template(stream) for stream in given.streams} if given else {}
        track: Any = None if given else out.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 200, np.uint8), format="rgb24")
        picture.pts = 0
        out.mux(cover.encode(picture))
        out.mux(cover.encode())
        if given:
            for packet in given.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
            given.close()
        else:
            quiet = av.AudioFrame.from_ndarray(np.zeros((1, 4608), np.int16), format="s16", layout="mono")
            quiet.sample_rate = SAMPLE_RATE
            out.mux(track.encode(quiet))
            out.mux(track.encode())
    return target


def test_a_cover_picture_is_not_the_film(tmp_path: Path):
    clip = with_cover(tmp_path / "in.mp4", make(tmp_path / "film.mp4", codec="libx264", frames=30))
    assert translate(clip, tmp_path / "out.mp4")["frames_out"] == 30


def test_a_sound_file_with_a_cover_is_called_what_it_is(tmp_path: Path):
    with pytest.raises(MediaError, match="a sound file with a cover picture"):
        translate(with_cover(tmp_path / "song.mp3", None), tmp_path / "out.mp4")


def rich(path: Path) -> Path:
    plain = make(path.with_name("plain.mkv"), codec="libx264", sound="aac", frames=30)
    with av.open(str(plain)) as given, av.open(str(path), "w") as out:
        out.metadata["title"] = "My film"
        streams = {stream.index: out.add_stream_from_template(stream) for stream in given.streams}
        streams[1].metadata["language"], streams[1].metadata["title"] = "deu", "Deutsch"
        words: Any = out.add_mux_stream("subrip")
        words.metadata["language"] = "fra"
        chapter = {"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}
        out.set_chapters([chapter])
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
        line = av.Packet(b"Bonjour")
        line.stream, line.pts, line.dts, line.duration, line.time_base = words, 100, 100, 400, Fraction(1, 1000)
        out.mux(line)
    return path


def test_what_surrounds_the_picture_is_kept_or_said(tmp_path: Path, said: Any):
    clip = rich(tmp_path / "in.mkv")
    translate(clip, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.metadata["title"] == "My film"
        assert container.streams.audio[0].metadata["language"] == "deu"
        assert container.streams.audio[0].metadata["title"] == "Deutsch"
        assert len(container.streams.subtitles) == 1 and container.streams.subtitles[0].language == "fra"
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["One"]
    assert not warnings(said)
    translate(clip, tmp_path / "out.mp4")
    assert [line for line in warnings(said) if "subtitles (track 2)" in line]


def test_fewer_pictures_than_announced_are_kept_and_counted(tmp_path: Path, said: Any):
    clip = make(tmp_path / "whole.mp4", codec="libx264", frames=30, options={"movflags": "faststart"})
    raw = clip.read_bytes()
    summary = translate(write(tmp_path / "in.mp4", raw[:-300]), tmp_path / "out.mp4")
    assert 0 < summary["frames_out"] < 30
    assert [line for line in warnings(said) if f"{summary['frames_out']} of its 30 pictures" in line]


def test_a_clip_of_one_picture_is_not_called_damaged(tmp_path: Path, said: Any):
    clip = make(tmp_path / "in.mp4", codec="libx264", frames=1)
    assert translate(clip, tmp_path / "out.mp4")["frames_out"] == 1
    assert not warnings(said)


def test_pictures_nobody_can_decode_are_named(tmp_path: Path):
    clip = make(tmp_path / "in.mp4", codec="libx264")
    write(clip, clip.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(MediaError, match="coded as zzzz, which this program cannot read"):
        translate(clip, tmp_path / "out.mp4")


def test_turned_tags_and_wide_colours_of_the_result_are_those_of_what_was_seen(tmp_path: Path):
    clip = make(tmp_path / "in.mkv", codec="libx265", size=(64, 64), pixels="yuv420p10le", colours=9, transfer=16)
    translate(clip, tmp_path / "out.mp4")
    assert facts(tmp_path / "out.mp4")[2] == 1


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_webm_that_lets_through_is_laid_over_black(tmp_path: Path, said: Any, codec: str):
    with av.open(str(tmp_path / "in.webm"), "w") as container:
        stream: Any = container.add_stream(codec, rate=30, options={"auto-alt-ref": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        picture = np.full((48, 64, 4), 200, np.uint8)
        picture[..., 3] = np.where(np.arange(64) < 32, 255, 0)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgba")))
        container.mux(stream.encode(None))
    with ClipReader(str(tmp_path / "in.webm")) as reader:
        pictures = [timed.item for timed in reader.frames(on_other=lambda _packet: None)]
    assert len(pictures) == 3
    assert all(pixels[:, :24].mean() > 180 and pixels[:, 40:].mean() < 5 for pixels in pictures)
    assert sum("laid over black" in line for line in warnings(said)) == 1


def test_pictures_that_an_edit_list_hides_are_not_called_torn(tmp_path: Path, said: Any):
    clip = make(tmp_path / "in.mov", codec="libx264", pts=list(range(-10, 10)))
    with av.open(str(clip)) as container:
        assert sum(packet.is_discard for packet in container.demux(video=0)) == 10
    assert translate(clip, tmp_path / "out.mp4")["frames_out"] == 10
    assert not warnings(said)


def test_avi_that_leaves_places_empty_is_not_called_torn_and_a_torn_one_is(tmp_path: Path, said: Any):
    clip = make(tmp_path / "in.avi", codec="mjpeg", pixels="yuvj420p", pts=[0, 1, 2, 5, 6, 7, 8, 11])
    assert translate(clip, tmp_path / "out.mp4")["frames_out"] == 8
    assert not warnings(said)
    film = clip.read_bytes().partition(b"idx1")[0]
    translate(write(tmp_path / "torn.avi", film[: film.rfind(b"00dc")]), tmp_path / "out2.mp4")
    assert sum("torn" in line for line in warnings(said)) == 1
