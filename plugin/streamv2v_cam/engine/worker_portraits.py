"""The engine process that draws pictures of looks for the page: it only gets time that nobody else wants."""

from __future__ import annotations

import os
import sys

from .child import EngineEnd


def main(end: EngineEnd) -> None:
    """Entry of the process."""
    _step_back_altogether()
    from .worker import main as draw

    draw(end)


def _step_back_altogether() -> None:
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif sys.platform == "win32":
        import psutil

        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS)
    else:
        os.nice(19)
