"""A camera that goes, comes back, is busy, hangs, or sends something else than before; and a clip that is taken away.

The camera is a network camera on this machine. Faults of a real driver are played in the virtual machine
(docs/virtual-camera.md).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streamv2v_cam.capture.presenter import PresenterSource
from streamv2v_cam.publish.sinks.video import VideoFileSink

from .camera_server import NetworkCamera, Way
from .program import Program, live
from .rooms import Room
from .watching import Row, wait, watch

AWAY_S = 3.0


@dataclass
class Shot:
    """A program and the camera before it."""

    program: Program
    camera: NetworkCamera


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Shot]:
    """A program that shows a network camera."""
    camera = NetworkCamera()
    with live(folder, "-i", camera.address, "--no-preview") as program:
        yield Shot(program, camera)
    camera.pull()


def gone(shot: Shot) -> Row:
    """Its cable is pulled, and put back some seconds later."""

    def pull() -> None:
        shot.camera.pull()
        threading.Timer(AWAY_S, shot.camera.plug_in).start()

    return watch(shot.program, f"camera gone, back after {AWAY_S:g} s", pull)


def busy(shot: Shot) -> Row:
    """The connection breaks, and for a while the camera sends everyone away, because another program has it."""
    return _refusing(shot, "busy", f"camera busy for {AWAY_S:g} s")


def nothing(shot: Shot) -> Row:
    """It answers with a page instead of pictures, as one that starts again does."""
    return _refusing(shot, "nothing", f"camera sends a page for {AWAY_S:g} s")


def _refusing(shot: Shot, way: Way, name: str) -> Row:
    def refuse() -> None:
        shot.camera.way = way
        shot.camera.cut()
        threading.Timer(AWAY_S, lambda: setattr(shot.camera, "way", "plays")).start()

    return watch(shot.program, name, refuse)


def stuck(shot: Shot) -> Row:
    """It holds the connection and sends nothing; as soon as that is noticed, it would give pictures to a newcomer."""
    return watch(
        shot.program,
        "camera stuck",
        lambda: setattr(shot.camera, "way", "silent"),
        mend=lambda: setattr(shot.camera, "way", "plays"),
    )


def torn(shot: Shot) -> Row:
    """Its pictures come in pieces for two seconds."""

    def tear() -> None:
        shot.camera.way = "torn"
        threading.Timer(2.0, lambda: setattr(shot.camera, "way", "plays")).start()

    return watch(shot.program, "camera sends torn pictures for 2 s", tear, for_s=4.0)


def resized(shot: Shot) -> Row:
    """It goes over to another size and shape in the middle of the stream, and back."""

    def resize() -> None:
        shot.camera.size = (320, 240)
        threading.Timer(2.0, lambda: setattr(shot.camera, "size", (640, 360))).start()

    captured = shot.program.look().told["telemetry"]["captured"]
    row = watch(shot.program, "camera changes its size, and back", resize, for_s=4.0)
    row.wrong = "" if shot.program.look().told["telemetry"]["captured"] > captured + 30 else "no pictures came"
    return row


def clip_gone(folder: Path) -> Row:
    """A looped clip is deleted while it plays, and is there again some seconds later."""
    clip, away = folder / "clip.mp4", folder / "away.mp4"
    source, sink = PresenterSource(width=320, height=180, fps=240), VideoFileSink(clip, width=320, height=180, fps=30)
    for _ in range(60):
        sink.send(source.read())
    sink.close()
    with live(folder, "-i", str(clip), "--no-preview") as program:
        return watch(
            program, "clip deleted, back once it was missed", lambda: os.rename(clip, away), mend=lambda: _back(away)
        )


def _back(away: Path) -> None:
    time.sleep(0.5)
    os.rename(away, away.with_name("clip.mp4"))


def no_camera(folder: Path) -> Row:
    """Nobody answers at the address when the program is started: it ends with one line."""
    camera = NetworkCamera()
    camera.pull()
    with Program(folder, "-i", camera.address, "--no-preview") as program:
        took_s = wait(lambda: program.process.poll() is not None, "the end of the program")
        code = program.process.returncode
        row = Row("no camera at the start", on_air="starting", said=program.said.strip().splitlines()[-1])
        row.noticed_s, row.note = round(took_s, 1), f"the run ends, exit code {code}"
        row.wrong = "" if code == 2 else f"exit code {code}"
        return row


ROOM = Room(
    "camera",
    stage,
    {
        "camera-gone": gone,
        "camera-busy": busy,
        "camera-page": nothing,
        "camera-torn": torn,
        "camera-size": resized,
        "camera-stuck": stuck,
    },
)
FILES = Room("source", None, {"clip-gone": clip_gone, "camera-none": no_camera})
