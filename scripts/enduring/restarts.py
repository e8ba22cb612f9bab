"""A hundred engine restarts in a row, and what they leave behind.

The run is in this process, with a small engine of numpy alone that goes through the same process, shared memory and
messages as the real one, so that a restart takes half a second. Every fourth is a hand-over to a new engine, the rest
are kills.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from breaking.engine import Run
from breaking.watching import wait
from streamv2v_cam.engine.recovery import STABLE_AFTER_S

from .sampling import Sampler, holding

ENTRY = f"{Path(__file__).resolve().parents[1] / 'obs' / 'flat_engine.py'}:main"
SETTINGS: dict[str, Any] = {"engine.model": "flat?ms=10", "engine.width": 128, "engine.height": 72}
HAND_OVER_EVERY = 4
ENDING = "engine end"
"""Name of the thread in which an engine that was replaced ends."""
WARM = 10
"""Restarts before the first count: by then everything was needed once."""
MEMORY_MB = 8.0
"""Growth of the host's memory over the whole that is still no leak: allocators keep what they had."""


@dataclass(frozen=True)
class Count:
    """What there is after so many restarts."""

    restarts: int
    handles: int
    threads: int
    processes: int
    shared_pieces: int
    temporary_files: int
    host_mb: float


def restart_again_and_again(folder: Path, number: int) -> list[Count]:
    """Restart the engine of one run so often, and count at the start, after WARM, and ten times more up to the end."""
    temporary = folder / "temporary"
    temporary.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
    counts: list[Count] = []
    try:
        with Run(folder, entry=ENTRY, **SETTINGS) as run:
            sampler = Sampler(os.getpid(), temporary)
            wait(run.app.publisher.styled_on_air.is_set, "a picture")
            steps = {0, WARM, *(WARM + (number - WARM) * step // 10 for step in range(1, 11)), number}
            for done in range(number + 1):
                if done in steps:
                    counts.append(_count(sampler, run, done))
                if done < number:
                    _restart(run, hand_over=done % HAND_OVER_EVERY == HAND_OVER_EVERY - 1)
        counts.append(_count(sampler, None, number))
    finally:
        tempfile.tempdir = None
    return counts


def leaks(counts: list[Count]) -> list[str]:
    """What the last count of the run has more of than the first one after WARM, in words; and what outlived the run."""
    first, last, after = counts[1], counts[-2], counts[-1]
    found = [
        f"{name}: {before} after {first.restarts} restarts, {now} after {last.restarts}"
        for name, before in asdict(first).items()
        if name not in ("restarts", "host_mb") and (now := getattr(last, name)) > before
    ]
    if last.host_mb - first.host_mb > MEMORY_MB:
        found.append(f"host_mb: {first.host_mb} after {first.restarts} restarts, {last.host_mb} after {last.restarts}")
    left = {name: getattr(after, name) for name in ("shared_pieces", "temporary_files")}
    return found + [f"{name}: {value} after the end of the run" for name, value in left.items() if value]


def _restart(run: Run, *, hand_over: bool) -> None:
    """One restart, until the new engine's pictures come."""
    supervisor = run.supervisor
    old, styled = run.pid, run.look().styled
    if hand_over:
        supervisor.rebuild(replace(supervisor.config))
    else:
        supervisor._recovery.ran(STABLE_AFTER_S)
        os.kill(old, signal.SIGKILL)
    wait(lambda: supervisor.pid not in (None, old), "another engine")
    wait(lambda: run.look().styled > styled + 3 and run.look().state == "live", "its pictures")


def _count(sampler: Sampler, run: Run | None, restarts: int) -> Count:
    """What there is now; once the ends of old engines, which have a thread each, are over."""
    if run is not None:
        wait(lambda: not any(thread.name == ENDING for thread in threading.enumerate()), "the ends of engines")
    found = sampler.holdings()
    host = holding(os.getpid())
    processes = sum(part.processes for part in found.values())
    return Count(
        restarts,
        host.handles,
        host.threads,
        processes,
        sampler.shared_pieces,
        sampler.temporary_files,
        round(host.rss_mb, 1),
    )
