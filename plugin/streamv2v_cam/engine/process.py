"""EngineProcess: a child that waits for its orders; started without them it is a spare, with everything imported."""

from __future__ import annotations

import contextlib
import multiprocessing

from streamv2v.config import StreamConfig

from ..system.sheltered import signals_held
from .child import run
from .protocol import WorkerSpec, chosen_niceness


class EngineProcess:
    """One child process, its pipes and the semaphore that wakes it.

    Args:
        entry: function that will run in it, "module:function" or "file.py:function".
        prepare: what it gets ready for before its orders come; None waits for them with nothing in its hands.

    Attributes:
        process: the child.
        messages: what it says.
        frame_ready: raised once per frame written.
        entry: see there.
    """

    def __init__(self, entry: str, prepare: StreamConfig | None = None) -> None:
        self.entry = entry
        context = multiprocessing.get_context("spawn")
        self.frame_ready = context.Semaphore(0)
        self.messages, child_messages = context.Pipe(duplex=False)
        child_orders, self._orders = context.Pipe(duplex=False)
        self.process = context.Process(
            target=run,
            args=(entry, prepare, chosen_niceness(), child_orders, child_messages, self.frame_ready),
            name="streamv2v engine",
            daemon=True,
        )
        with signals_held():
            self.process.start()
        child_messages.close()
        child_orders.close()

    def order(self, spec: WorkerSpec) -> None:
        """Tell it what to do; once."""
        # one that has ended is seen by whoever hears its messages
        with contextlib.suppress(OSError):
            self._orders.send(spec)
        self._orders.close()

    def end(self) -> None:
        """End one that never got orders; safe to call twice."""
        if not self._orders.closed:
            self._orders.close()
            self.process.kill()
            self.process.join()
            self.process.close()
            self.messages.close()
