"""What is written: a full disk, a program that is killed while it records, a recording whose folder goes away."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import psutil

from .program import Program, live
from .rooms import Room
from .watching import Look, NotSo, Row, is_live, wait

DISK = "2m"
RECORDED_S, GOES_ON_S = 4.0, 2.0
MOST_LOST_S = 2.0
"""Of a recording whose program is killed; less than a second is lost where a core is to spare."""


def disk_full(folder: Path) -> Row:
    """A recording on a small disk beside another output, which goes on."""
    mounted = folder / "small"
    mounted.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(mounted)]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        raise NotSo("only root may mount a small disk")
    target = mounted / "o.mp4"
    try:
        with live(folder / "program", "--sink", "null", "--sink", str(target), "--no-preview") as program:
            began_s = time.monotonic()
            row = _lost(program, "disk full while recording", is_live, lambda look: look.reason)
            seconds_on_air = time.monotonic() - began_s - GOES_ON_S
            program.end()
            frames, seconds = frames_of(target)
            row.note = (
                f"seconds from the first picture; {seconds:.1f} of {seconds_on_air:.1f} s kept ({frames} pictures), "
                f"exit code {program.process.returncode} at the end"
            )
            row.wrong = row.wrong or ("" if frames and program.process.returncode == 2 else row.note)
            return row
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=False)


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Program]:
    """A live program."""
    with live(folder, "--no-preview") as program:
        yield program


def folder_gone(program: Program) -> Row:
    """The folder of a recording by command is deleted: that is said, and nothing else ends."""
    recording = _record(program)
    shutil.rmtree(recording["folder"])
    row = _lost(
        program,
        "recording's folder deleted",
        lambda look: look.told["recording"]["state"] != "lost",
        lambda look: look.told["recording"]["reason"],
    )
    again = program.ask("POST", "/api/commands", {"command": "start_recording"})
    row.note = "the next recording makes the folder anew"
    going = bool(again) and program.look().told["recording"]["state"] == "recording"
    row.wrong = row.wrong or ("" if going else "it does not")
    program.ask("POST", "/api/commands", {"command": "stop_recording"})
    return row


def killed_while_recording(program: Program) -> Row:
    """The whole program is killed in the middle of a recording by command, and started again."""
    recording = _record(program)
    children = psutil.Process(program.process.pid).children(recursive=True)
    program.kill()
    _, left = psutil.wait_procs(children, timeout=10)
    frames, seconds = frames_of(Path(recording["folder"]) / recording["file"])
    with Program(program.folder, "--no-preview") as again:
        row = Row("program killed while recording, started again", on_air="nothing > starting > live", said="nothing")
        row.again_s = round(again.until_live(), 1)
    row.note = f"{seconds:.1f} of {recording['seconds']} s kept ({frames} pictures)"
    row.wrong = "" if seconds > recording["seconds"] - MOST_LOST_S else "too little of the recording is kept"
    row.wrong = row.wrong or (f"{len(left)} of its processes stay" if left else "")
    return row


def frames_of(path: Path) -> tuple[int, float]:
    """How many pictures of a file can be decoded, and how many seconds they last."""
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 30)
        frames = sum(1 for _ in container.decode(video=0))
    return frames, frames / rate


def _record(program: Program) -> dict[str, Any]:
    """Begin a recording by command, and wait for some seconds of it; what is said of it."""
    program.ask("POST", "/api/commands", {"command": "start_recording"})
    wait(lambda: program.look().told["recording"]["seconds"] >= RECORDED_S, "a recording")
    return program.look().told["recording"]


def _lost(program: Program, name: str, well: Callable[[Look], bool], words: Callable[[Look], str]) -> Row:
    """Wait until a loss is said that stays, and see that the other outputs keep their beat."""
    before = program.look()
    row = Row(name, on_air="live")
    row.noticed_s = round(wait(lambda: not well(program.look()), name), 1)
    first = program.look()
    time.sleep(GOES_ON_S)
    after = program.look()
    row.said, row.late = words(first), after.late - before.late
    row.on_air = "live" if is_live(first) else f"live > {first.state}"
    published = after.told["telemetry"]["published"] - first.told["telemetry"]["published"]
    row.wrong = "" if published > 15 * GOES_ON_S else f"only {published} pictures on air in {GOES_ON_S:g} s afterwards"
    return row


DISK_ROOM = Room("disk", None, {"disk": disk_full})
ROOM = Room("files", stage, {"folder": folder_gone, "killed": killed_while_recording})
