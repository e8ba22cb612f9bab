"""A spare engine process: imported and loaded beside the running one, so that the next start takes seconds less."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from streamv2v.config import StreamConfig

from .free_memory import free_system_bytes, resident_bytes
from .process import EngineProcess

CALM_S = 15.0
"""An engine that has run undisturbed for so long is worth a spare: its own start and compiling are over."""
MARGIN_BYTES = 512 * 1024 * 1024

log = logging.getLogger(__name__)


class SpareEngine:
    """At most one spare for the engine that runs.

    Args:
        entry: function that runs in the child.
        wanted: False keeps none.
        calm_s: see `CALM_S`.
        free_bytes: memory that may still be taken.
        used_bytes: memory of a process.
    """

    def __init__(
        self,
        entry: str,
        *,
        wanted: bool = True,
        calm_s: float = CALM_S,
        free_bytes: Callable[[], int] = free_system_bytes,
        used_bytes: Callable[[int], int] | None = None,
    ) -> None:
        self._entry, self._wanted, self._calm_s = entry, wanted, calm_s
        self._free_bytes, self._used_bytes = free_bytes, used_bytes or resident_bytes
        self._lock = threading.Lock()
        self._process: EngineProcess | None = None
        self._model = ""
        self._calm_since_s: float | None = None

    @property
    def pid(self) -> int | None:
        """Of the spare; None while there is none."""
        process = self._process
        return process.process.pid if process else None

    def disturbed(self) -> None:
        """The engine is busy with more than its frames, or away."""
        self._calm_since_s = None

    def calm(self, config: StreamConfig, pid: int | None) -> None:
        """The engine does nothing but its frames; after a while of that a spare is begun, if memory allows.

        Args:
            config: what the running engine was built from.
            pid: its process; a spare takes at most as much memory as it does.
        """
        now_s = time.monotonic()
        if self._calm_since_s is None:
            self._calm_since_s = now_s
        if not self._wanted or pid is None or now_s - self._calm_since_s < self._calm_s:
            return
        with self._lock:
            if self._process is not None and self._process.process.is_alive():
                return
            needed = self._used_bytes(pid) + MARGIN_BYTES
            if self._free_bytes() < needed:
                self._wanted = False
                log.info("no spare engine is kept: it needs %d MB of memory that are not free", needed >> 20)
                return
            self._calm_since_s = now_s
            with contextlib.suppress(OSError):
                self._process, self._model = EngineProcess(self._entry, config), config.model

    def take(self, model: str | None = None) -> EngineProcess | None:
        """The spare, which is the caller's from now on; None where there is none.

        Args:
            model: what it is wanted for. One that has loaded another ends instead: that memory is wanted now.
        """
        with self._lock:
            process, self._process = self._process, None
        self.disturbed()
        if process is not None and (model not in (None, self._model) or not process.process.is_alive()):
            process.end()
            return None
        return process

    def give_up(self) -> None:
        """End the spare and keep none any more: its memory is wanted, or the run is over."""
        self._wanted = False
        self.let_go()

    def let_go(self) -> None:
        """End the spare; another may be begun later."""
        process = self.take()
        if process is not None:
            process.end()
