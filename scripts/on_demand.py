"""What a rest saves, and how soon a look is back: the whole program, watched by a page, left alone, watched again.

    python scripts/on_demand.py                      # the embedded model and the presenter
    python scripts/on_demand.py --rounds 5 --source camera

A viewer is a connection to the page's stream of pictures, as a browser opens it. Each round measures processor time (of
host and engine process, in milliseconds for a second) during a rest and while a viewer watches, and how long that one
waited: from its connection to the state `live`, which begins with the first styled picture of a frame taken since. A
table for people, JSON on the last line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from processor_time import spent_s, wait_for_calm

if TYPE_CHECKING:
    from streamv2v_cam.run.app import App

REST_AFTER_S = 1.0
LIMIT_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="measured of each state in a round")
    parser.add_argument("--source", default="presenter")
    found = measured(parser.parse_args())
    rows = {
        "host, watched": [turn["watched"][0] for turn in found],
        "host, at rest": [turn["resting"][0] for turn in found],
        "engine, watched": [turn["watched"][1] for turn in found],
        "engine, at rest": [turn["resting"][1] for turn in found],
    }
    for name, values in rows.items():
        print(f"{name:24}{statistics.median(values):8.0f} ms of processor time for a second")
    waits = [turn["wake_s"] for turn in found]
    print(f"{'first picture of now':24}{statistics.median(waits):8.2f} s after a viewer came, at most {max(waits):.2f}")
    print(json.dumps({"rounds": found}))


def measured(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Each round's figures."""
    from streamv2v_cam.run.app import App
    from streamv2v_cam.settings import load_settings

    flags: dict[str, Any] = {
        "capture.source": arguments.source,
        "publish.sinks": "null",
        "control.open_browser": "never",
        "control.port": 0,
        "engine.spare": False,
        "engine.wanted_fps": 0,
        "on_demand.on": True,
        "on_demand.after_s": REST_AFTER_S,
    }
    app = App(load_settings(flags))
    app.start()
    try:
        with Viewer(app):
            if not app.publisher.styled_on_air.wait(240):
                sys.exit(f"no styled picture came: {app.supervisor.status().reason}")
            wait_for_calm(app, 8.0)
        return [one_round(app, arguments.seconds) for _ in range(arguments.rounds)]
    finally:
        app.stop()


def one_round(app: App, seconds: float) -> dict[str, Any]:
    """From rest to rest."""
    wait_until(lambda: app.on_demand.resting)
    time.sleep(0.5)
    resting = spent_ms(app, seconds)
    began_s = time.monotonic()
    with Viewer(app):
        wait_until(lambda: app.publisher.on_air.state == "live")
        wake_s = time.monotonic() - began_s
        time.sleep(1.0)
        watched = spent_ms(app, seconds)
    return {"watched": watched, "resting": resting, "wake_s": round(wake_s, 3)}


class Viewer:
    """A connection to the stream of pictures, for as long as the block lasts."""

    def __init__(self, app: App) -> None:
        self._address = app.panel.server.address
        self._token = app.panel.server.dock_address.partition("#token=")[2]
        self._leaving = threading.Event()

    def __enter__(self) -> Viewer:
        asked = urllib.request.Request(f"{self._address}api/stream", headers={"Authorization": f"Bearer {self._token}"})
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        stream = json.load(direct.open(asked, timeout=LIMIT_S))["air"]
        self._answer = direct.open(stream, timeout=LIMIT_S)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join(LIMIT_S)
        self._answer.close()

    def _read(self) -> None:
        while not self._leaving.is_set() and self._answer.read1(1 << 16):
            pass


def spent_ms(app: App, seconds: float) -> list[float]:
    """Processor time of host and engine process for a second of the next `seconds`, ms."""
    before, began_s = spent_s(app.supervisor.pid), time.monotonic()
    time.sleep(seconds)
    after, lasted_s = spent_s(app.supervisor.pid), time.monotonic() - began_s
    parts = {name: 1000 * (after[name] - before.get(name, 0.0)) / lasted_s for name in after}
    host = sum(ms for name, ms in parts.items() if name.startswith("host"))
    return [round(host, 1), round(parts.get("engine", 0.0), 1)]


def wait_until(true: Callable[[], object]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not true():
        if time.monotonic() > until_s:
            sys.exit(f"in vain for {LIMIT_S:g} s")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
