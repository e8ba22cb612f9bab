"""A room: faults that are played one after the other on the same stage."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .watching import Row


@dataclass(frozen=True)
class Room:
    """Faults of one kind.

    Attributes:
        name: for the command line; the name of a folder too.
        stage: opens what the faults are played on, in a folder of its own; None where each brings its own.
        faults: name -> the fault, given the stage (or the folder, where there is none); its row or rows.
    """

    name: str
    stage: Callable[[Path], AbstractContextManager[Any]] | None
    faults: Mapping[str, Callable[[Any], Row]]


def play(room: Room, wanted: set[str], folder: Path) -> Iterator[tuple[str, Row, float]]:
    """Each wanted fault of a room: its name, its row, and how long it took with what it needed, s.

    A fault that could not be played, or did not end as it must, is a row that says so; the next one has a new stage.
    """
    left = [name for name in room.faults if name in wanted]
    turn = 0
    while left:
        place = folder / f"{room.name}-{turn}"
        place.mkdir()
        turn += 1
        began_s = time.monotonic()
        with contextlib.ExitStack() as stack:
            try:
                stage = stack.enter_context(room.stage(place)) if room.stage else place
            except Exception as error:
                for name in left:
                    yield name, Row(name, wrong=f"its stage: {_words(error)}"), time.monotonic() - began_s
                return
            while left:
                name = left.pop(0)
                try:
                    row = room.faults[name](stage)
                except Exception as error:
                    row = Row(name, wrong=_words(error))
                yield name, row, time.monotonic() - began_s
                began_s = time.monotonic()
                if row.wrong:
                    break


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
