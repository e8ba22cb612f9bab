"""The seats of one replica: one copy of the weights, one thread, a frame for each session in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from streamv2v.config import StreamConfig

from ....store import Snapshot
from ..pool import Full
from .seat import Model, Seat

IDLE_S = 0.05
END_S = 10.0


class Seats:
    """Loads a model in a thread of its own and draws there, for whoever has something new, one after the other.

    Waits until the model is loaded.

    Args:
        load: makes the model; runs in that thread.
        drawn: told the ms of every frame.

    Raises:
        StreamV2VError: of `load`, and whatever else it raises.
    """

    def __init__(self, load: Callable[[], Model], *, drawn: Callable[[float], None] = lambda engine_ms: None) -> None:
        self._load, self._drawn = load, drawn
        self._lock = threading.Lock()
        self._seats: list[Seat] = []
        self._work = threading.Event()
        self._loaded = threading.Event()
        self._stopped = False
        self._failed: Exception | None = None
        self._model: Model | None = None
        self._beat_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()
        self._loaded.wait()
        if self._failed is not None:
            raise self._failed

    @property
    def silent_s(self) -> float:
        """How long the thread has been at one and the same frame, or building."""
        return time.monotonic() - self._beat_s

    @property
    def open(self) -> int:
        """Seats that have an engine or wait for one, those kept warm among them."""
        return len(self._seats)

    def start(self, config: StreamConfig, snapshot: Snapshot) -> Seat:
        """A seat for one more session.

        Raises:
            Full: memory has no room for it.
        """
        assert self._model is not None
        with self._lock:
            others = [seat.config for seat in self._seats if not seat.closed]
            words = self._model.refuses(config, others)
            if words:
                raise Full(words)
            seat = Seat(config, snapshot, self._work.set)
            self._seats.append(seat)
        self._work.set()
        return seat

    def close(self) -> None:
        """End the thread after the frame at hand; safe to call twice."""
        self._stopped = True
        self._work.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        try:
            self._model = self._load()
        except Exception as error:
            self._failed = error
            return
        finally:
            self._loaded.set()
        while not self._stopped:
            self._beat_s = time.monotonic()
            self._work.clear()
            if not self._round(self._model):
                self._work.wait(IDLE_S)
        for seat in self._seats:
            seat.leave()

    def _round(self, model: Model) -> bool:
        """A turn for every seat; whether any had something to do."""
        worked = False
        for seat in tuple(self._seats):
            self._beat_s = time.monotonic()
            if seat.closed or seat.over:
                seat.leave()
                with self._lock:
                    self._seats.remove(seat)
                continue
            engine_ms = seat.turn(model)
            worked |= engine_ms is not None
            if engine_ms:
                self._drawn(engine_ms)
        return worked
