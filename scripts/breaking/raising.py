"""The real engine raises: at its first frame, at every first frame, at its thousandth; and finds no memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamv2v_cam.errors import CamError

from .engine import Run
from .rooms import Room
from .watching import NotSo, Row, wait, watch

ENTRY = f"{Path(__file__).with_name('failing_engine.py')}:main"
SMALL: dict[str, Any] = {"engine.width": 64, "engine.height": 64, "capture.fps": 60}
"""A thousand frames are over in half a minute."""


@contextmanager
def _failing(folder: Path, name: str, at: int, *, once: bool, how: str = "raise") -> Iterator[Run]:
    """A run whose engine fails at that frame."""
    place = folder / name
    place.mkdir()
    os.environ["BREAK_AT"], os.environ["BREAK_HOW"] = str(at), how
    os.environ["BREAK_MARK"] = str(place / "mark") if once else ""
    with Run(place, entry=ENTRY, **SMALL) as run:
        yield run


def first_frame(folder: Path) -> Row:
    """Before a picture was on air: the slate stays, the next start is well."""
    with _failing(folder, "first", 1, once=True) as run:
        row = Row("engine raises at its first frame", on_air="starting")
        began = run.supervisor
        row.noticed_s = round(wait(lambda: began.restarts, "a restart"), 1)
        row.said = began.status().reason or run.look().reason
        wait(run.app.publisher.styled_on_air.is_set, "a picture")
        row.again_s = round(run.app.telemetry.snapshot().uptime_s, 1)
        row.on_air = " > ".join(str(state) for state in run.app.publisher.states_seen)
        row.late = run.look().late
        row.note = "seconds from the start"
        return row


def every_first_frame(folder: Path) -> Row:
    """Whatever is tried: the run ends with one line instead of going on for ever."""
    with _failing(folder, "every", 1, once=False) as run:
        try:
            run.app.watch(90)
        except CamError as error:
            row = Row("engine raises at each first frame", said=str(error))
            row.on_air = " > ".join(str(state) for state in run.app.publisher.states_seen)
            row.noticed_s, row.late = round(run.app.telemetry.snapshot().uptime_s, 1), run.look().late
            row.note = "the run ends, exit code 2"
            return row
    raise NotSo("the run went on")


def frame_1000(folder: Path) -> Row:
    """Long after the start."""
    with _failing(folder, "later", 1000, once=True) as run:
        wait(run.app.publisher.styled_on_air.is_set, "a picture")
        return _of_the_fault(run, watch(run, "engine raises at its 1000th frame", lambda: None))


def no_memory(folder: Path) -> Row:
    """In the middle of the show torch is refused the memory that it asks for."""
    with _failing(folder, "memory", 60, once=True, how="memory") as run:
        wait(run.app.publisher.styled_on_air.is_set, "a picture")
        return _of_the_fault(run, watch(run, "engine out of memory", lambda: None))


def _of_the_fault(run: Run, row: Row) -> Row:
    """A row that was watched from long before its fault, measured from the fault."""
    row.again_s = round((row.again_s or 0.0) - (row.noticed_s or 0.0), 1)
    row.noticed_s, row.note = None, "seconds from when it was noticed, which is at once"
    row.wrong = "" if run.supervisor.restarts == 1 else f"{run.supervisor.restarts} restarts instead of one"
    return row


ROOM = Room(
    "raising",
    None,
    {
        "frame-1": first_frame,
        "frame-1-always": every_first_frame,
        "frame-1000": frame_1000,
        "out-of-memory": no_memory,
    },
)
