"""One session's engine among those that take turns: to its session it is what an `EngineLink` is."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from streamv2v.config import StreamConfig

from ....frame import Frame
from ....store import Snapshot
from ...child import failure_of
from ...protocol import FrameDone, Message, Progress, Ready
from ...serving import Translator


class Model(Protocol):
    """Weights in memory, and engines that share them; the thread that made it is the one that uses it."""

    def refuses(self, config: StreamConfig, others: list[StreamConfig]) -> str:
        """Why an engine of that has no room beside the others, for a person; "" where it has."""
        ...

    def engine(self, config: StreamConfig, progress: Callable[..., None]) -> Translator:
        """An engine with a bank of its own, warm."""
        ...


class Seat:
    """An engine that is drawn with when its turn comes; `turn` and `leave` are for the thread of the model alone.

    Args:
        config: what it is built from.
        snapshot: live values to start with.
        wake: called when there is something to do.

    Attributes:
        ready: what the engine said when it was built, None before.
        closed: nobody needs it any more.
        over: it failed.
    """

    def __init__(self, config: StreamConfig, snapshot: Snapshot, wake: Callable[[], None]) -> None:
        self.config = config
        self.ready: Ready | None = None
        self.closed = self.over = False
        self._snapshot, self._wake = snapshot, wake
        self._bank_resets = snapshot.bank_resets
        self._said: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._fed: tuple[int, Frame] | None = None
        self._number = 0
        self._engine: Translator | None = None
        self._taken: deque[Frame] = deque()
        self._styled: tuple[int, Frame] | None = None

    def feed(self, frame: Frame) -> int:
        """Give it a frame of the engine's size, in place of one that it has not come to; returns its number, from 1."""
        with self._lock:
            self._number += 1
            self._fed = self._number, frame
            number = self._number
        self._wake()
        return number

    def update(self, snapshot: Snapshot) -> None:
        """Give it the live values."""
        self._snapshot = snapshot
        self._wake()

    def hear(self, timeout_s: float) -> Iterator[Message]:
        """Messages that have come, after waiting at most so long for a first one."""
        with contextlib.suppress(queue.Empty):
            message = self._said.get(timeout=timeout_s) if timeout_s else self._said.get_nowait()
            while True:
                if isinstance(message, Ready):
                    self.ready = message
                yield message
                message = self._said.get_nowait()

    def styled(self, *, after: int) -> tuple[int, Frame] | None:
        """The newest styled frame above that number, tagged as the captured frame it shows."""
        found = self._styled
        return found if found is not None and found[0] > after else None

    @property
    def styled_sequence(self) -> int:
        """Of the newest styled frame; 0 before the first."""
        return self._styled[0] if self._styled else 0

    def close(self, *, at_once: bool = False) -> None:
        """Give the seat up; its engine goes when the model's thread comes to it."""
        self.closed = True
        self._wake()

    def turn(self, model: Model) -> float | None:
        """Build what is not built, or draw the newest frame; the ms that a frame took, 0 for a building.

        Returns:
            None where there was nothing to do.
        """
        try:
            if self._engine is None:
                self._engine = self._built(model)
                return 0.0
            return self._drawn(self._engine)
        except Exception as error:  # the one place where every failure becomes a message
            self._said.put(failure_of(error))
            self.over = True
            return 0.0

    def leave(self) -> None:
        """Let go of the engine."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _built(self, model: Model) -> Translator:
        def progress(text: str, share: float | None = None) -> None:
            self._said.put(Progress(text, share))

        engine = model.engine(self.config, progress)
        self._taken = deque(maxlen=engine.delay_frames + 1)
        prompts: Any = getattr(engine, "prompts", None)  # a stand-in reads none
        text = prompts.reader.model if prompts is not None else None
        self._said.put(Ready(engine.delay_frames, engine.facts(), text))
        return engine

    def _drawn(self, engine: Translator) -> float | None:
        with self._lock:
            fed, self._fed = self._fed, None
        snapshot = self._snapshot
        if snapshot.bank_resets != self._bank_resets:
            self._bank_resets = snapshot.bank_resets
            engine.reset_bank()
        if fed is None:
            return None
        number, frame = fed
        began_s = time.monotonic()
        pixels = engine(frame.pixels, snapshot.controls)
        engine_ms = (time.monotonic() - began_s) * 1000
        self._taken.append(frame)
        shown = self._taken[0]
        sequence = self.styled_sequence + 1
        self._styled = sequence, Frame(pixels, shown.index, shown.captured_at_s, shown.pixels)
        self._said.put(FrameDone(sequence, number, engine_ms, snapshot.revision))
        return engine_ms
