"""What the pictures of looks that are drawn beside the show cost it: the live engine with and without, in short turns.

    python scripts/thumbnails_cost.py                 # as the program does it
    python scripts/thumbnails_cost.py --share 1       # without pauses

Runs the program itself with the embedded model and the drawn presenter. The process that draws the looks is stopped
and goes on again every few seconds, first while it loads and then while it draws (before which it loads at full speed,
or it would take minutes); the time of the live engine's frames with it is held against that without it, frame by frame.
Prints a table for people and JSON on the last line. Needs Linux, for its signals.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from streamv2v_cam.airstate import AirState
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.sparing import work_sparingly
from streamv2v_cam.engine.worker_portraits import SHARE, step_back_altogether
from streamv2v_cam.run.app import App
from streamv2v_cam.settings import load_settings

SETTINGS = {
    "engine.spare": False,
    "engine.acceleration": "none",
    "capture.source": "presenter",
    "publish.sinks": "null",
    "control.port": 0,
    "control.open_browser": "never",
}
LIMIT_S = 240.0
SETTLE_S = 3.0
LOOK_S = 0.05
SHARE_VARIABLE = "STREAMV2V_THUMBNAILS_SHARE"


def loading(end: EngineEnd) -> None:
    """Entry of the process: as the program's own, with the share that is measured."""
    step_back_altogether()
    work_sparingly(float(os.environ[SHARE_VARIABLE]))
    from streamv2v_cam.engine.worker import main as draw

    draw(end)


def drawing(end: EngineEnd) -> None:
    """The same, its pauses beginning once it has loaded."""
    step_back_altogether()
    ready: Any = end.ready

    def now(*told: Any) -> None:
        work_sparingly(float(os.environ[SHARE_VARIABLE]))
        ready(*told)

    end.ready = now  # type: ignore[method-assign]
    from streamv2v_cam.engine.worker import main as draw

    draw(end)


class Beside:
    """The program's own drawing of looks, begun and ended by hand; what it draws is counted and thrown away."""

    def __init__(self, app: App) -> None:
        portraits: Any = app.panel._portraits
        self._portraits, self._on = portraits, False
        self.drawn = 0
        self.first = threading.Event()
        looks = list(app.settings.shelf().looks)
        portraits._before_s = LOOK_S
        portraits._missing = lambda: looks
        portraits._may = portraits._goes_on = lambda: self._on
        portraits._put = self._put

    def begin(self, entry: str) -> int:
        """Start the process, by one of the entries of this file; its id once it has stepped back."""
        self._portraits._entry = f"{Path(__file__).resolve()}:{entry}"
        self.first.clear()
        self._on = True
        while True:
            for child in psutil.Process().children(recursive=True):
                if os.sched_getscheduler(child.pid) == os.SCHED_IDLE:
                    return child.pid
            time.sleep(LOOK_S)

    def end(self) -> None:
        """End it."""
        self._on = False
        time.sleep(SETTLE_S)

    def _put(self, name: str, jpeg: bytes) -> None:
        self.drawn += 1
        self._portraits._tried.clear()
        self.first.set()


def in_turns(app: App, pid: int, turns: int, seconds: float) -> dict[str, Any]:
    """Median time of the engine's frames in ms and late beats, with the process stopped and with it at work."""
    ring = app.telemetry._engine_ms._ring
    times: dict[str, list[float]] = {"without": [], "with": []}
    late = {"without": 0, "with": 0}
    for turn in range(2 * turns):
        # with, without, without, with: what changes slowly beside it falls on both
        kind = "with" if turn % 4 in (0, 3) else "without"
        os.kill(pid, signal.SIGCONT if kind == "with" else signal.SIGSTOP)
        before, began_s = app.telemetry.snapshot().late, time.monotonic()
        time.sleep(seconds)
        # the first frame of a turn was begun in the one before
        times[kind] += [value for at_s, value in list(ring) if at_s > began_s][1:]
        late[kind] += app.telemetry.snapshot().late - before
    os.kill(pid, signal.SIGCONT)
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    rate = medians["without"] / medians["with"]
    return {"ms": medians, "frames": {kind: len(found) for kind, found in times.items()}, "late": late, "rate": rate}


def measured(app: App, turns: int, seconds: float) -> dict[str, Any]:
    """Loading and drawing."""
    beside = Beside(app)
    found = {}
    for entry in ("loading", "drawing"):
        pid = beside.begin(entry)
        if entry == "drawing" and not beside.first.wait(LIMIT_S):
            raise SystemExit("no look was drawn")
        drawn = beside.drawn
        found[entry] = in_turns(app, pid, turns, seconds)
        found[entry]["looks a minute"] = round(60 * (beside.drawn - drawn) / (turns * seconds), 1)
        beside.end()
        print(entry, found[entry], flush=True)
    return found


def main() -> None:
    """Measure, and print what came of it."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("--turns", type=int, default=12, help="with and without, each so often")
    asking.add_argument("--seconds", type=float, default=2.5, help="of one turn")
    asking.add_argument("--share", type=float, default=SHARE, help="of one core, that the process may take")
    asked = asking.parse_args()
    os.environ[SHARE_VARIABLE] = str(asked.share)
    with tempfile.TemporaryDirectory() as place:
        os.environ["STREAMV2V_CONFIG"] = str(Path(place) / "settings.toml")
        app = App(load_settings(SETTINGS, None))
        app.start()
        try:
            until_s = time.monotonic() + LIMIT_S
            while app.publisher.on_air.state is not AirState.LIVE or app.supervisor.status().progress:
                if time.monotonic() > until_s:
                    raise SystemExit("the program did not get that far")
                time.sleep(LOOK_S)
            time.sleep(SETTLE_S)
            found = measured(app, asked.turns, asked.seconds)
            threads = app.supervisor.facts.get("threads")
        finally:
            app.stop()
    print(f"share {asked.share:g} of a core, live engine with {threads} threads")
    for entry, row in found.items():
        ms, late = row["ms"], row["late"]
        print(
            f"{entry:8} ms a frame: {ms['without']:.1f} without, {ms['with']:.1f} with; rate {row['rate']:.3f}; "
            f"late beats {late['without']}, {late['with']}"
        )
    print(json.dumps({"share": asked.share, "threads": threads, **found}))


if __name__ == "__main__":
    main()
