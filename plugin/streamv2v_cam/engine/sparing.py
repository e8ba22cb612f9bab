"""Work beside a show: in pieces of a few milliseconds, with long pauses between them."""

from __future__ import annotations

import atexit
import signal
import time
from typing import Any

PIECE_S = 0.01


def work_sparingly(share: float) -> None:
    """Let this process take about so much of one core's time from now on; to be called in its main thread.

    The lowest priority alone is not enough: two threads of one core, and whatever reads the same memory, slow each
    other down however the system ranks them. Does nothing on Windows, which has no timer of processor time.

    Args:
        share: of one core, above 0, at most 1.
    """
    if not hasattr(signal, "setitimer"):
        return
    spent_s = time.process_time()

    def pause(number: int, frame: Any) -> None:
        nonlocal spent_s
        time.sleep((time.process_time() - spent_s) * (1 / share - 1))
        spent_s = time.process_time()

    signal.signal(signal.SIGPROF, pause)
    # what reads or waits in foreign code goes on as if there had been no signal
    signal.siginterrupt(signal.SIGPROF, False)
    signal.setitimer(signal.ITIMER_PROF, PIECE_S, PIECE_S)
    # an interpreter that ends takes its handlers back first, and the next signal would kill it
    atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)
