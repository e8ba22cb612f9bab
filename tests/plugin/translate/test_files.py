"""Names and places of clips: whatever a file is called works, and no stranger's file is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugin.translate.clips import make, shown
from plugin.translate.test_clip import program, translate, write
from streamv2v_cam.errors import MediaError


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path_factory.mktemp("settings") / "settings.toml"))


@pytest.mark.parametrize("name", ["talk:final.mp4", "100%d.mp4", 'it\'s "new".mp4', "end.mp4 ", "-.mp4"])
def test_a_file_may_be_called_anything(tmp_path: Path, name: str):
    make(tmp_path / "in.mp4", frames=3).rename(tmp_path / name)
    assert translate(tmp_path / name, tmp_path / "out.mp4")["frames_out"] == 3


def test_a_name_as_long_as_names_may_be_works_and_a_longer_one_is_refused(tmp_path: Path):
    clip = make(tmp_path / "in.mp4", frames=3)
    for letters in ("x" * 247, "x" * 251, "長" * 83):
        translate(clip, tmp_path / f"{letters}.mp4")
    with pytest.raises(MediaError, match="file name too long"):
        translate(clip, tmp_path / ("x" * 252 + ".mp4"))


def test_a_file_the_program_did_not_make_is_never_touched(tmp_path: Path):
    clip = make(tmp_path / "in.mp4", frames=3)
    stranger = write(tmp_path / "out.mp4.part", b"mine")
    translate(clip, tmp_path / "out.mp4")
    assert stranger.read_bytes() == b"mine"
    film = make(tmp_path / "film.mp4.part.mp4", frames=90)
    film.rename(tmp_path / "film.mp4.part")
    assert translate(tmp_path / "film.mp4.part", tmp_path / "film.mp4")["frames_out"] == 90


def test_the_later_of_two_jobs_at_one_name_keeps_its_clip_beside(tmp_path: Path):
    from streamv2v_cam.system.partfile import PartFile

    first, second = PartFile(tmp_path / "out.mp4"), PartFile(tmp_path / "out.mp4")
    for number, part in enumerate((first, second)):
        part.file.write(bytes([number]))
    assert first.finish(replace=False).name == "out.mp4"
    assert second.finish(replace=False).name == "out (2).mp4"
    assert (tmp_path / "out.mp4").read_bytes() == b"\0"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out (2).mp4", "out.mp4"]


@pytest.mark.parametrize("fragmented", [".mp4", ".mkv"])
def test_a_named_pipe_is_written_into(tmp_path: Path, fragmented: str):
    clip, pipe = make(tmp_path / "in.mp4", codec="libx264", frames=20), tmp_path / f"out{fragmented}"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        translate(clip, pipe)
        out, _ = reader.communicate(timeout=30)
    assert pipe.is_fifo()
    assert len(shown(write(tmp_path / f"read{fragmented}", out))) == 20


@pytest.mark.slow
def test_an_mp4_whose_index_is_last_works_redirected_and_is_explained_in_a_pipe(tmp_path: Path):
    clip = make(tmp_path / "in.mp4", codec="mjpeg", pixels="yuvj420p", size=(640, 480), frames=20)
    with clip.open("rb") as given:
        run = program(tmp_path, "-", str(tmp_path / "out.mkv"), "stand-in", stdin=given)
        _, words = run.communicate(timeout=60)
    assert run.returncode == 0 and json.loads(words.splitlines()[-1])["frames_out"] == 20
    run = program(tmp_path, "-", str(tmp_path / "out2.mkv"), "stand-in", stdin=subprocess.PIPE)
    _, words = run.communicate(clip.read_bytes(), timeout=60)
    assert b"error: " in words and b"faststart" in words and words.count(b"\n") == 1


@pytest.mark.slow
def test_a_reader_that_leaves_is_one_line(tmp_path: Path):
    clip = make(tmp_path / "in.mp4", codec="libx264", size=(320, 240), frames=60)
    run = program(tmp_path, str(clip), "-", "stand-in", stdout=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.read(10)
    run.stdout.close()
    assert run.stderr is not None
    words = run.stderr.read()
    run.wait(60)
    assert b"The reader of standard output has gone" in words and b"Traceback" not in words


def test_the_secrets_of_an_address_are_in_no_message(tmp_path: Path):
    with pytest.raises(MediaError) as refusal:
        translate("http://user:secret@127.0.0.1:9/x.mp4?key=SECRET", tmp_path / "out.mp4")
    assert "secret" not in str(refusal.value).lower()


def test_a_name_that_is_empty_or_too_long_is_refused_as_what_it_is(tmp_path: Path):
    with pytest.raises(MediaError, match="is empty"):
        translate("", tmp_path / "out.mp4")
    with pytest.raises(MediaError, match=r"The clip .* cannot be opened: [Ff]ile name too long"):
        translate("x" * 5000, tmp_path / "out.mp4")


@pytest.mark.parametrize("name", ["loop.mp4", "loop.gif"])
def test_a_link_that_leads_back_to_itself_is_refused_in_one_line(tmp_path: Path, name: str):
    clip = make(tmp_path / "in.mp4", frames=3)
    (tmp_path / name).symlink_to(tmp_path / name)
    with pytest.raises(MediaError, match="cannot be written: too many levels"):
        translate(clip, tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes them")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [("- out.mp4 <&-", b"standard input is closed"), ("in.mp4 - >&-", b"standard output is closed")],
)
def test_a_standard_stream_that_is_closed_is_refused_where_it_is_wanted(tmp_path: Path, arguments: str, words: bytes):
    make(tmp_path / "in.mp4", frames=3)
    command = f'exec "{sys.executable}" -m streamv2v_cam translate {arguments}'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count(b"\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes them")
def test_the_numbers_of_closed_standard_streams_are_given_to_nothing_else(tmp_path: Path):
    ask = (
        "import os, sys; from streamv2v_cam.cli.descriptors import keep_standard_numbers; keep_standard_numbers(); "
        "made = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY); os.write(made, b'%d' % made)"
    )
    command = f'exec "{sys.executable}" -c "{ask}" made <&- >&- 2>&-'
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, timeout=60)
    assert int((tmp_path / "made").read_text()) > 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_clip_comes_whole_out_of_a_named_pipe(tmp_path: Path):
    clip, pipe = make(tmp_path / "in.ts", codec="libx264", frames=20), tmp_path / "pipe.ts"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", f"cat '{clip}' > '{pipe}'"]):
        assert translate(pipe, tmp_path / "out.mp4")["frames_out"] == 20
