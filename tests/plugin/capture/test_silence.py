"""What is said of a camera that gives no picture: the cause, as far as the system tells it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from streamv2v_cam.capture.cameras import CameraInfo
from streamv2v_cam.capture.silence import why_silent

OTHER = CameraInfo(2, "Capture card", "/dev/video2", cv2.CAP_V4L2)
HOLD = "import sys; node = open(sys.argv[1]); print(flush=True); sys.stdin.read()"


@pytest.fixture
def webcam(tmp_path: Path) -> CameraInfo:
    (tmp_path / "video0").write_bytes(b"")
    return CameraInfo(0, "HD Webcam", str(tmp_path / "video0"), cv2.CAP_V4L2)


def test_the_program_that_has_it_open_is_named(webcam: CameraInfo) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system has no /proc of processes")
    command = [sys.executable, "-S", "-c", HOLD, webcam.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        said = why_silent(webcam, [OTHER])
        process.communicate()
    assert f"(process {process.pid}) has it open. End that program" in said and "Capture card" in said, said
    assert "has it open" not in why_silent(webcam, [OTHER])


def test_what_this_program_itself_and_those_that_only_listen_hold_open_is_no_cause(
    webcam: CameraInfo, tmp_path: Path
) -> None:
    for number, name in ((os.getpid(), "streamv2v-cam"), (71, "wireplumber"), (72, "zoom")):
        folder = tmp_path / "proc" / str(number)
        (folder / "fd").mkdir(parents=True)
        (folder / "fd" / "3").symlink_to(webcam.path)
        (folder / "comm").write_text(name)
        said = why_silent(webcam, [], proc=tmp_path / "proc")
        assert ("zoom (process 72) has it open" in said) == (name == "zoom"), said


CAUSES = {errno.EACCES: "sudo usermod -aG video", errno.EBUSY: "Another program", errno.ENODEV: "not there any more"}


@pytest.mark.parametrize("number", CAUSES)
def test_what_the_system_answers_decides_what_is_advised(
    webcam: CameraInfo, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whoever runs the tests may open every file
    def refused(*args: object, **how: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refused)
    said = why_silent(webcam, [OTHER])
    assert [words for words in CAUSES.values() if words in said] == [CAUSES[number]], said


def test_one_that_was_unplugged_is_told_as_that(webcam: CameraInfo) -> None:
    os.unlink(webcam.path)
    said = why_silent(webcam, [OTHER])
    assert said.startswith("Camera 'HD Webcam' is not there any more. Plug it in again, or choose"), said


def test_where_the_system_tells_nothing_another_program_is_likely(webcam: CameraInfo) -> None:
    assert "Another program may be using it" in why_silent(webcam, [OTHER])
    assert "Another program may be using it" in why_silent(CameraInfo(0, "HD", "", cv2.CAP_AVFOUNDATION), [])
