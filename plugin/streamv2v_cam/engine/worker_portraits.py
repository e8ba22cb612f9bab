"""The engine process that draws pictures of looks for the page: it takes little time, and none that others want."""

from __future__ import annotations

import os
import sys

from .child import EngineEnd
from .sparing import work_sparingly

SHARE = 0.05
"""Of one core. Drawing all the time cost the live engine a third of its rate, on two threads of one core."""


def main(end: EngineEnd) -> None:
    """Entry of the process."""
    step_back_altogether()
    work_sparingly(SHARE)
    from .worker import main as draw

    draw(end)


def step_back_altogether() -> None:
    """Run only when no other process wants the processor."""
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif sys.platform == "win32":
        import psutil

        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS)
    else:
        os.nice(19)
