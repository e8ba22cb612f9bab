"""Clips through the whole of translate, with the stand-in for the engine: frames, times, sound, colours, files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin.translate.clips import facts, make, shown, sound_of
from streamv2v_cam.errors import CamError, EngineError, MediaError
from streamv2v_cam.settings import load_settings
from streamv2v_cam.translate import translate_clip

ENTRY = f"{Path(__file__).parent.parent / 'engine' / 'stand_in.py'}:main"


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))


def translate(
    source: Path | str, target: Path, *, model: str = "stand-in", slots: int = 3, **options: Any
) -> dict[str, Any]:
    settings = load_settings({"engine.model": model, "engine.slots": slots, "start.prompt": "stand-in"}, None)
    return translate_clip(settings, str(source), str(target), entry=ENTRY, **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("even.mp4", {}),
        ("vfr.mkv", dict(codec="libx264", time_base=Fraction(1, 1000), pts=[0, 40, 50, 200, 233, 600, 601, 900])),
        ("vfr.mp4", dict(codec="libx264", time_base=Fraction(1, 90000), pts=[0, 4000, 5000, 20000, 60000, 60100])),
        ("one.mp4", dict(frames=1)),
    ],
)
def test_every_frame_comes_out_once_at_its_own_time(tmp_path: Path, name: str, options: dict[str, Any]):
    source, target = make(tmp_path / name, **options), tmp_path / f"out{Path(name).suffix}"
    summary = translate(source, target)
    before, after = shown(source), shown(target)
    assert summary["frames_in"] == summary["frames_out"] == len(before) == len(after)
    assert [seconds for seconds, _ in after] == pytest.approx([seconds for seconds, _ in before], abs=0.001)
    # frame n is brighter than frame n - 1, in the clip and in its translation: none is out of place
    assert list(np.argsort([grey for _, grey in after])) == list(range(len(after)))
    assert facts(target)[:2] == facts(source)[:2]


def test_sound_is_copied_packet_by_packet(tmp_path: Path):
    source, target = make(tmp_path / "in.mp4", sound="aac", frames=40), tmp_path / "out.mkv"
    assert translate(source, target)["sound"] == "copied"
    before, after = sound_of(source), sound_of(target)
    assert before and after and before[:2] == after[:2]


def test_sound_that_the_container_refuses_is_coded_anew(tmp_path: Path):
    source, target = make(tmp_path / "in.mkv", sound="pcm_u8", frames=40), tmp_path / "out.mp4"
    assert translate(source, target)["sound"] == "as aac"
    after = sound_of(target)
    assert after and after[0] == "aac" and after[2] == pytest.approx(40 / 30, abs=0.06)


def test_sound_stays_away_when_asked(tmp_path: Path):
    source, target = make(tmp_path / "in.mp4", sound="aac"), tmp_path / "out.mp4"
    assert translate(source, target, sound=False)["sound"] == "none"
    assert sound_of(target) is None


def test_a_stream_that_does_not_begin_at_zero_keeps_picture_and_sound_together(tmp_path: Path):
    source, target = make(tmp_path / "in.ts", codec="libx264", sound="mp2", frames=30), tmp_path / "out.mkv"
    translate(source, target)
    shift = shown(source)[0][0] - shown(target)[0][0]
    before, after = sound_of(source), sound_of(target)
    assert before and after and before[2] - after[2] == pytest.approx(shift, abs=0.003)


def test_colours_are_tagged_as_in_the_clip_and_odd_sizes_made_even(tmp_path: Path):
    source = make(tmp_path / "in.mkv", codec="libx264", size=(65, 49), pixels="yuv444p", colours=1)
    target = tmp_path / "out.mp4"
    summary = translate(source, target)
    assert (summary["width"], summary["height"]) == (66, 50)
    assert facts(target)[2:4] == (1, 1)


def test_wide_pixels_stay_wide_and_the_engine_sees_the_shape_a_viewer_sees(tmp_path: Path):
    source = make(tmp_path / "in.mp4", codec="libx264", size=(64, 64), aspect=Fraction(2))
    target = tmp_path / "out.mp4"
    summary = translate(source, target)
    assert facts(target)[4] == 2
    assert summary["engine_width"] == pytest.approx(2 * summary["engine_height"], rel=0.05)


def test_a_turned_clip_comes_out_upright(tmp_path: Path):
    source, target = make(tmp_path / "in.mp4", codec="libx264", size=(64, 48), turn=90), tmp_path / "out.mp4"
    assert abs(facts(source)[5]) == 90
    translate(source, target)
    width, height, *_, turn = facts(target)
    assert (width, height, turn) == (48, 64, 0)


def test_another_size_and_rate_are_written_when_asked(tmp_path: Path):
    source, target = make(tmp_path / "in.mp4", frames=30), tmp_path / "out.mp4"
    summary = translate(source, target, size=(96, 54), fps=10.0)
    assert (summary["frames_in"], summary["frames_out"]) == (30, 10)
    assert facts(target)[:2] == (96, 54)
    assert [seconds for seconds, _ in shown(target)] == pytest.approx([n / 10 for n in range(10)], abs=0.001)


NONSENSE: list[tuple[Callable[[Path], Path], str, str]] = [
    (lambda folder: folder / "none.mp4", "out.mp4", "does not exist"),
    (lambda folder: folder, "out.mp4", "is a folder"),
    (lambda folder: write(folder / "text.mp4", b"a poem\n" * 50), "out.mp4", "not a video"),
    (lambda folder: write(folder / "empty.mkv", b""), "out.mp4", "not a video"),
    (lambda folder: sound_only(folder / "sound.mka"), "out.mp4", "holds no video"),
    (lambda folder: make(folder / "in.mp4"), "out.txt", "ends in none of"),
    (lambda folder: make(folder / "in.mp4"), "none/out.mp4", "does not exist"),
    (lambda folder: make(folder / "in.mp4"), "in.mp4", "the same file"),
    (lambda folder: make(folder / "in.mp4"), "there.mp4", "exists already"),
]


@pytest.mark.parametrize(("source", "target", "words"), NONSENSE)
def test_nonsense_gets_one_clear_line(tmp_path: Path, source: Callable[[Path], Path], target: str, words: str):
    write(tmp_path / "there.mp4", b"precious")
    with pytest.raises(MediaError, match=words) as refusal:
        translate(source(tmp_path), tmp_path / target)
    assert "\n" not in str(refusal.value)
    assert (tmp_path / "there.mp4").read_bytes() == b"precious"
    assert not parts(tmp_path)


def test_an_engine_that_ends_leaves_no_file_and_an_old_one_as_it_was(tmp_path: Path):
    source, target = make(tmp_path / "in.mp4", frames=40), write(tmp_path / "out.mp4", b"old")
    with pytest.raises(EngineError, match="asked to crash"):
        translate(source, target, model="stand-in?crash_after=20", overwrite=True)
    assert target.read_bytes() == b"old"
    assert not parts(tmp_path)


def parts(folder: Path) -> list[Path]:
    """What a translation leaves while it is under way, or must not leave behind."""
    return [path for path in folder.iterdir() if path.suffix == ".part"]


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def sound_only(path: Path) -> Path:
    import av

    with (
        av.open(str(make(path.with_name("both.mkv"), sound="aac"))) as both,
        av.open(str(path), "w", format="matroska") as out,
    ):
        copy = out.add_stream_from_template(both.streams.audio[0])
        for packet in both.demux(both.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    return path


PROGRAM = f"""
import json, sys
sys.path[:0] = {sys.path!r}
if __name__ == "__main__":
    from streamv2v_cam.errors import CamError
    from streamv2v_cam.settings import load_settings
    from streamv2v_cam.translate import translate_clip
    source, target, model = sys.argv[1:]
    try:
        summary = translate_clip(load_settings({{"engine.model": model}}, None), source, target, entry={ENTRY!r})
    except CamError as error:
        sys.exit(f"error: {{error}}")
    print(json.dumps(summary), file=sys.stderr)
"""


def program(tmp_path: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    path = write(tmp_path / "program.py", PROGRAM.encode())
    return subprocess.Popen([sys.executable, str(path), *arguments], stderr=subprocess.PIPE, **options)


def test_a_clip_goes_through_pipes(tmp_path: Path):
    source = make(tmp_path / "in.ts", codec="libx264", sound="mp2", frames=20)
    with source.open("rb") as given:
        run = program(tmp_path, "-", "-", "stand-in", stdin=given, stdout=subprocess.PIPE)
        out, words = run.communicate(timeout=60)
    assert run.returncode == 0, words
    target = write(tmp_path / "out.mkv", out)
    assert json.loads(words.splitlines()[-1])["frames_out"] == 20 == len(shown(target))
    assert sound_of(target) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that can be caught")
@pytest.mark.parametrize("order", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_being_stopped_leaves_no_file(tmp_path: Path, order: signal.Signals):
    source, target = make(tmp_path / "in.mp4", frames=200), tmp_path / "out.mp4"
    run = program(tmp_path, str(source), str(target), "stand-in?slow_ms=25")
    deadline_s = time.monotonic() + 30
    while not (begun := [part for part in parts(tmp_path) if part.stat().st_size]) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert begun
    run.send_signal(order)
    run.communicate(timeout=30)
    assert run.returncode != 0
    assert not target.exists() and not parts(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_one_line(tmp_path: Path):
    source, target = make(tmp_path / "in.mp4", frames=60), tmp_path / "out.mkv"
    target.symlink_to("/dev/full")
    with pytest.raises(MediaError, match="no space left on device"):
        translate(source, target)


@pytest.mark.skipif(sys.platform == "win32", reason="folders of Windows know no read-only bit")
def test_a_read_only_folder_is_one_line(tmp_path: Path):
    source = make(tmp_path / "in.mp4")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    # the administrator may write anywhere but into the kernel's own folders
    folder = Path("/sys") if os.geteuid() == 0 else locked
    with pytest.raises(CamError, match="cannot be written"):
        translate(source, folder / "out.mp4")
