"""What the pictures of looks that are drawn beside the show cost it: the live rate with and without, in turns.

    python scripts/thumbnails_cost.py --turns 4 --seconds 10

Runs the program itself with the embedded model and the drawn presenter. In each turn it measures the styled pictures a
second and the late beats with nothing beside, while the process that draws the looks is loading, and while it draws;
between the two it loads at full speed, or a turn would take minutes. `--share 1` measures what drawing without pauses
costs. Prints a table for people and JSON on the last line; the ratios are those of one run, each turn against its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from streamv2v_cam.airstate import AirState
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.sparing import work_sparingly
from streamv2v_cam.engine.worker_portraits import SHARE, step_back_altogether
from streamv2v_cam.run.app import App
from streamv2v_cam.settings import load_settings

SETTINGS = {
    "engine.spare": False,
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


class Drawing:
    """The program's own drawing of looks, switched on and off by hand; what it draws is counted and thrown away."""

    def __init__(self, app: App) -> None:
        portraits: Any = app.panel._portraits
        self.on = False
        self.drawn = 0
        self.news = threading.Event()
        looks = list(app.settings.shelf().looks)
        may = portraits._may
        portraits._before_s = LOOK_S
        portraits._missing = lambda: looks
        portraits._may = lambda: self.on and may()

        def put(name: str, jpeg: bytes) -> None:
            self.drawn += 1
            portraits._tried.clear()
            self.news.set()

        portraits._put = put
        self._portraits = portraits

    def begin(self, entry: str) -> None:
        """Start the process, by one of the entries of this file."""
        self._portraits._entry = f"{Path(__file__).resolve()}:{entry}"
        self.news.clear()
        self.on = True

    def end(self) -> None:
        """End it."""
        self.on = False
        time.sleep(SETTLE_S)


def measured(app: App, seconds: float) -> dict[str, float]:
    """Rate and late beats from now on."""
    before, began_s = app.telemetry.snapshot(), time.monotonic()
    time.sleep(seconds)
    seconds = time.monotonic() - began_s
    after = app.telemetry.snapshot()
    return {
        "fps": (after.styled - before.styled) / seconds,
        "late": (after.late - before.late) / seconds,
        "seconds": seconds,
    }


def turns(app: App, number: int, seconds: float) -> list[dict[str, dict[str, float]]]:
    """Each turn: nothing beside, loading, drawing."""
    beside = Drawing(app)
    rows = []
    for _ in range(number):
        beside.end()
        row = {"nothing": measured(app, seconds)}
        beside.begin("loading")
        row["loading"] = measured(app, seconds)
        beside.end()
        beside.begin("drawing")
        beside.news.wait(LIMIT_S)
        drawn = beside.drawn
        row["drawing"] = measured(app, seconds)
        row["drawing"]["looks"] = (beside.drawn - drawn) / row["drawing"]["seconds"]
        rows.append(row)
        print("  ".join(f"{name} {found['fps']:.2f}" for name, found in row.items()), flush=True)
    beside.end()
    return rows


def main() -> None:
    """Measure, and print what came of it."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("--turns", type=int, default=4)
    asking.add_argument("--seconds", type=float, default=10.0)
    asking.add_argument("--acceleration", default="none")
    asking.add_argument("--share", type=float, default=SHARE, help="of one core, that the process may take")
    asked = asking.parse_args()
    os.environ[SHARE_VARIABLE] = str(asked.share)
    with tempfile.TemporaryDirectory() as place:
        os.environ["STREAMV2V_CONFIG"] = str(Path(place) / "settings.toml")
        app = App(load_settings(SETTINGS | {"engine.acceleration": asked.acceleration}, None))
        app.start()
        try:
            until_s = time.monotonic() + LIMIT_S
            while app.publisher.on_air.state is not AirState.LIVE or app.supervisor.status().progress:
                if time.monotonic() > until_s:
                    raise SystemExit("the program did not get that far")
                time.sleep(LOOK_S)
            time.sleep(SETTLE_S)
            rows = turns(app, asked.turns, asked.seconds)
            facts = app.supervisor.facts
        finally:
            app.stop()
    ratios = {
        name: statistics.median(row[name]["fps"] / row["nothing"]["fps"] for row in rows)
        for name in ("loading", "drawing")
    }
    print(f"threads {facts.get('threads')}")
    for name in ("nothing", "loading", "drawing"):
        fps, late = (statistics.median(row[name][key] for row in rows) for key in ("fps", "late"))
        print(f"{name:8}  {fps:5.2f} styled a second  {late:.2f} late beats a second  {ratios.get(name, 1.0):.3f}")
    print(json.dumps({"turns": rows, "ratios": ratios}))


if __name__ == "__main__":
    main()
