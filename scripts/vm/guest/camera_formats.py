"""Formats and sizes of a camera, in mid-run: a virtual camera whose writer goes and comes back with another."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cameras
from cameras import PHONE
from claims import claim, say
from program import Program
from viewer import Viewer

FORMATS = (("MJPG", "320x240"), ("YUYV", "320x240"), ("NV12", "320x240"), ("MJPG", "333x251"), ("YUYV", "322x242"))
FPS = 15
"""An emulated processor decodes no thirty JPEG pictures a second beside everything else."""
SLATE_S, LIVE_S = 20.0, 40.0


class Writer:
    """producer.py in a process of its own."""

    def __init__(self, fourcc: str, size: str) -> None:
        program = Path(__file__).with_name("producer.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program), cameras.node(PHONE), fourcc, size, str(FPS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self.writes_s = time.monotonic()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def all_tried(viewer: Viewer, program: Program) -> list[dict[str, Any]]:
    """A row for each format; the source is the phone's camera from the first on."""
    return [tried(f"{fourcc} {size}", Writer(fourcc, size), viewer, program) for fourcc, size in FORMATS]


def tried(words: str, writer: Writer, viewer: Viewer, program: Program) -> dict[str, Any]:
    """A row of the table, and the claims about it; at its end the writer is gone."""
    if PHONE not in program.air().get("source", ""):
        claim("a virtual camera that another program writes to can be chosen", program.switch(PHONE))
    size = words.split()[1]
    source = program.wait_for_source(PHONE, size, LIVE_S)
    opened_s = time.monotonic()
    live_s = viewer.live(opened_s, LIVE_S) if source else None
    claim(f"{words} in the middle of a run is live", live_s is not None, program.air())
    gone_s = time.monotonic()
    writer.end()
    slate_s = viewer.slate(gone_s, SLATE_S)
    claim(f"{words}: the slate when its writer is gone", slate_s is not None, program.air())
    row = {
        "format": words,
        "live_s": None if live_s is None else round(live_s - writer.writes_s, 1),
        "source": source,
        "slate_s": None if slate_s is None else round(slate_s - gone_s, 1),
    }
    say(f"{row}")
    return row
