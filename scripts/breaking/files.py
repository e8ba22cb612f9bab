"""What is written: a full disk, a program that is killed while it records, a recording whose folder goes away."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import av

from .program import Program, live
from .rooms import Room
from .watching import Look, NotSo, Row, is_live, wait

DISK = "2m"
RECORDED_S, GOES_ON_S = 4.0, 2.0


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


def folder_gone(folder: Path) -> Row:
    """The folder of a recording by command is deleted, and the recording ended: it is said, and nothing else ends."""
    with live(folder, "--no-preview") as program:
        recording = _record(program)
        shutil.rmtree(recording["folder"])
        program.ask("POST", "/api/commands", {"command": "stop_recording"})
        row = _lost(
            program,
            "recording's folder deleted",
            lambda look: look.told["recording"]["state"] != "lost",
            lambda look: look.told["recording"]["reason"],
        )
        again = program.ask("POST", "/api/commands", {"command": "start_recording"})
        row.note = "the next recording makes the folder anew"
        row.wrong = row.wrong or (
            "" if again and program.look().told["recording"]["state"] == "recording" else "it does not"
        )
        return row


def killed_while_recording(folder: Path) -> Row:
    """The whole program is killed in the middle of a recording by command."""
    with live(folder, "--no-preview") as program:
        recording = _record(program)
        program.kill()
    frames, seconds = frames_of(Path(recording["folder"]) / recording["file"])
    row = Row("program killed while recording", on_air="nothing more", said="nothing")
    row.note = f"{seconds:.1f} of {recording['seconds']} s kept ({frames} pictures)"
    row.wrong = "" if seconds > recording["seconds"] - 2 else "more than two seconds are lost"
    return row


def frames_of(path: Path) -> tuple[int, float]:
    """How many pictures of a file can be decoded, and how many seconds they last."""
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 30)
        frames = sum(1 for _ in container.decode(video=0))
    return frames, frames / rate


def _record(program: Program) -> dict[str, object]:
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


ROOM = Room("files", None, {"disk": disk_full, "folder": folder_gone, "killed-recording": killed_while_recording})
