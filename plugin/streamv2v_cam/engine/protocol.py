"""What host and engine process say to each other besides pictures.

Host to engine: `WorkerSpec` once at the start, then only through shared memory (see `memory.py`).
Engine to host: the messages below, through a pipe. Each is far below 4096 bytes, the size a pipe takes
in one piece, so that an engine killed in the middle of one cannot leave half of it behind.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from streamv2v.config import StreamConfig
from streamv2v.prompts.reading import TextModel

from ..store import Snapshot
from .memory import MemoryPlan

TEXT_LIMIT = 600
DETAIL_LIMIT = 2000
NICENESS = 5
NICENESS_VARIABLE = "STREAMV2V_NICENESS"
"""Environment: another niceness of the engine process, 0..19; the tests, which wait for it, set 0."""

_log = logging.getLogger(__name__)


def chosen_niceness() -> int:
    """How far the engine steps back behind the publisher, POSIX nice: what the environment asks for, or the usual."""
    asked = os.environ.get(NICENESS_VARIABLE)
    if asked is None:
        return NICENESS
    if asked.isdecimal() and int(asked) <= 19:
        return int(asked)
    _log.warning("%s: %r was refused; allowed is 0 to 19. It is %d now.", NICENESS_VARIABLE, asked, NICENESS)
    return NICENESS


@dataclass(frozen=True)
class WorkerSpec:
    """All that an engine process is started with.

    Attributes:
        entry: "module:function" or "file.py:function", called with the `EngineEnd`.
        config: what the engine is built from.
        snapshot: live values to start with.
        memory: where the shared memory is.
        every_frame: True for a clip: each frame in order, none dropped; False: the newest frame wins.
        threads: CPU threads for the mathematics; 0 chooses by the number of cores.
        threads_before: what an engine built from the same ran with before: kept without a trial; 0 for none.
        fit: True: where memory is short, ask for a smaller choice; False: run what was asked and only say it.
    """

    entry: str
    config: StreamConfig
    snapshot: Snapshot
    memory: MemoryPlan
    every_frame: bool = False
    threads: int = 0
    threads_before: int = 0
    fit: bool = True


@dataclass(frozen=True)
class Progress:
    """A step of loading, or of compiling beside the running engine: words, and the share done 0..1 where known.

    Empty words end it.
    """

    text: str
    share: float | None = None


@dataclass(frozen=True)
class Refit:
    """What was asked for does not fit into memory: this process ends, start again with another choice.

    Attributes:
        config: what fits.
        reason: what was asked, what it needs, what there is, and what runs instead; one line for a person.
        lasting: the reason stays beside the state for as long as the other choice runs.
        short: of the reason, what was asked, what it needs and what there is; "" for the whole of it.
    """

    config: StreamConfig
    reason: str
    lasting: bool = True
    short: str = ""


@dataclass(frozen=True)
class Notice:
    """Something worth knowing that stops nothing; one line for a person.

    Attributes:
        lasting: it stays beside the state for as long as this engine runs.
        facts: what the engine says of itself from now on, where that has changed since it was ready.
    """

    text: str
    lasting: bool = False
    facts: dict[str, Any] | None = None


@dataclass(frozen=True)
class Ready:
    """The engine is built and waits for frames.

    Attributes:
        delay_frames: frames between a picture going in and its translation coming out.
        facts: device, dtype, parameters and so on, plain values.
        text: what a prompt is read with; None where the engine reads none.
    """

    delay_frames: int
    facts: dict[str, Any] = field(default_factory=dict)
    text: TextModel | None = None


@dataclass(frozen=True)
class FrameDone:
    """A styled frame lies in the ring of frames out.

    Attributes:
        sequence: its sequence number there.
        taken: sequence number of the newest frame that the engine took in.
        engine_ms: time spent in the engine for it.
        revision: of the live values it was made with.
    """

    sequence: int
    taken: int
    engine_ms: float
    revision: int


class FailureKind(StrEnum):
    """Why an engine ended; only the first two make a restart useless."""

    MODEL = "model"
    """The model or its configuration cannot be used."""
    SETUP = "setup"
    """The program itself is incomplete: a package that does not import."""
    MEMORY = "memory"
    CRASH = "crash"
    HANG = "hang"

    @property
    def permanent(self) -> bool:
        return self in (FailureKind.MODEL, FailureKind.SETUP)


@dataclass(frozen=True)
class Failure:
    """The engine ended, and why.

    Attributes:
        kind: what sort of end.
        reason: one line for a person.
        detail: the end of the traceback for the log, "" when there is none.
    """

    kind: FailureKind
    reason: str
    detail: str = ""


Message = Progress | Refit | Notice | Ready | FrameDone | Failure
