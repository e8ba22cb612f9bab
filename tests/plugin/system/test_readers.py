"""Who reads a device node, by the processes that hold it: real processes and a plain file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamv2v_cam.system.readers import holders, is_read, told_by_module

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system has no /proc of processes")
HOLD = "import os, sys; os.open(sys.argv[1], getattr(os, sys.argv[2])); print(flush=True); sys.stdin.read()"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "video10"
    path.write_bytes(b"")
    return path


class Holding:
    """Another process with the node open, until the block ends."""

    def __init__(self, node: Path, flags: str) -> None:
        self._command = [sys.executable, "-S", "-c", HOLD, str(node), flags]

    def __enter__(self) -> int:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self._process.pid

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


@pytest.mark.parametrize(("flags", "reads"), [("O_RDONLY", True), ("O_RDWR", True), ("O_WRONLY", False)])
def test_a_process_that_opened_the_node_for_reading_reads_it_until_it_ends(node: Path, flags: str, reads: bool) -> None:
    with Holding(node, flags) as number:
        assert [(holder.number, holder.reads) for holder in holders(node)] == [(number, reads)]
        assert is_read(str(node)) is reads
    assert holders(node) == [] and not is_read(str(node))


def test_what_this_process_itself_has_open_is_no_reader(node: Path) -> None:
    with node.open("rb"):
        assert holders(node) and not is_read(str(node))


def test_what_is_no_virtual_camera_tells_nothing_and_a_node_that_is_gone_is_read_by_nobody(node: Path) -> None:
    assert told_by_module(str(node)) is None
    assert told_by_module(str(node.parent / "gone")) is None
    assert not is_read(str(node.parent / "gone"))


def test_programs_that_only_listen_for_cameras_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in ((71, "wireplumber"), (72, "zoom")):
        for part in ("fd", "fdinfo"):
            (tmp_path / f"{number}/{part}").mkdir(parents=True)
        (tmp_path / f"{number}/comm").write_text(f"{name}\n")
        (tmp_path / f"{number}/fd/3").symlink_to("/dev/video10")
        (tmp_path / f"{number}/fdinfo/3").write_text("pos:\t0\nflags:\t0100002\n")
    found = holders("/dev/video10", proc=tmp_path)
    assert [(holder.program, holder.reads) for holder in found] == [("wireplumber", True), ("zoom", True)]
    monkeypatch.setattr("streamv2v_cam.system.readers.holders", lambda device: found[:1])
    assert not is_read("/dev/video10")
