"""How long from a hotkey in OBS to the first published picture with the new look?

    python scripts/obs/latency.py --presses 100 --engine-ms 33

Starts a headless OBS with our script, a run with an engine of known speed (flat_engine.py) and the OBS process;
presses hotkeys through obs-websocket and looks at every picture that a sink gets. Prints a table, and JSON on
the last line. All times in ms; "chosen" is the moment at which the look is chosen in the run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streamv2v_cam.frame import Pixels
from streamv2v_cam.obs.process import ObsProcess
from streamv2v_cam.obs.session import ObsAddress, ObsSession
from streamv2v_cam.obs.setup import Setup
from streamv2v_cam.run.app import App
from streamv2v_cam.settings import LoadedSettings, load_settings

from obs.flat_engine import colour_of
from obs.headless import HeadlessObs, missing

HERE = Path(__file__).resolve().parent
SCRIPT = HERE.parents[1] / "plugin" / "streamv2v_cam" / "obs" / "streamv2v.lua"
LOOKS = [f"look{number}" for number in range(1, 10)]
LIMIT_S = 10.0


class Watcher:
    """A sink that waits for a colour."""

    name = "the measurement"

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._seen: tuple[int, ...] = ()
        self._seen_s = 0.0

    def send(self, pixels: Pixels) -> None:
        with self._news:
            self._seen, self._seen_s = tuple(int(value) for value in pixels[0, 0]), time.monotonic()
            self._news.notify_all()

    def close(self) -> None:
        """Nothing to give back."""

    def wait_for(self, colour: tuple[int, int, int]) -> float:
        """The moment (monotonic) at which the first picture of that colour was published."""
        with self._news:
            if not self._news.wait_for(lambda: self._seen == colour, LIMIT_S):
                raise RuntimeError(f"no picture of the new look within {LIMIT_S:.0f} s")
            return self._seen_s


def settings_in(folder: Path, obs_port: int, engine_ms: float, size: tuple[int, int]) -> LoadedSettings:
    """Settings of the measured run; everything it writes lies in `folder`."""
    path = folder / "settings.toml"
    path.touch()
    (folder / "looks.toml").write_text("".join(f'[{name}]\nprompt = "{name}"\n' for name in LOOKS))
    return load_settings(
        {
            "publish.width": size[0],
            "publish.height": size[1],
            "publish.sinks": "null",
            "publish.preview": False,
            "engine.model": f"flat?ms={engine_ms:g}",
            "engine.width": 336,
            "engine.height": 192,
            "capture.source": "presenter",
            "control.port": 0,
            "control.open_browser": "never",
            "control.looks_file": str(folder / "looks.toml"),
            "obs.port": obs_port,
        },
        path,
    )


def measure(app: App, session: ObsSession, presses: int) -> dict[str, list[float]]:
    """Times of `presses` hotkeys at moments that have nothing to do with the frames, ms."""
    watcher = Watcher()
    app.publisher.add_sink(watcher)
    chosen = threading.Event()
    chosen_s = [0.0]

    def note(_: Any) -> None:
        chosen_s[0] = time.monotonic()
        chosen.set()

    app.store.subscribe(note)
    times: dict[str, list[float]] = {"chosen": [], "on air": []}
    for number in range(presses):
        look = LOOKS[(number + 1) % len(LOOKS)]
        chosen.clear()
        time.sleep(0.3 + random.random() * 0.2)
        pressed_s = time.monotonic()
        session.request("TriggerHotkeyByName", hotkeyName=f"streamv2v.look_{look[-1]}")
        seen_s = watcher.wait_for(colour_of(look))
        times["chosen"].append((chosen_s[0] - pressed_s) * 1000)
        times["on air"].append((seen_s - pressed_s) * 1000)
    return times


def measured_run(settings: LoadedSettings, obs: HeadlessObs, presses: int) -> tuple[str, float, dict[str, list[float]]]:
    """The version of OBS, the engine's ms for a picture, and the times, from one run."""
    app = App(settings, entry=f"{HERE / 'flat_engine.py'}:main")
    with contextlib.ExitStack() as stack:
        stack.callback(app.stop)
        app.start()
        session = ObsSession(ObsAddress("127.0.0.1", obs.port, obs.password))
        stack.callback(session.close)
        Setup(session).hotkey_input(str(SCRIPT))
        own = {"obs.port": obs.port, "obs.server": app.panel.server.address}
        process = ObsProcess(load_settings(own, settings.path), password=lambda: obs.password)
        stack.callback(process.stop)
        process.start()
        app.publisher.styled_on_air.wait(60)
        while not (process.obs.status.connected and process.host.state.online):
            time.sleep(0.1)
        times = measure(app, session, presses)
        return session.version, app.telemetry.snapshot(whole_run=True).engine_ms or 0.0, times


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p95 and the largest."""
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "max": round(max(values), 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--engine-ms", type=float, default=33.0, help="time the engine takes for one picture")
    parser.add_argument("--size", default="640x360", metavar="WxH", help="published size")
    asked = parser.parse_args()
    if (reason := missing()) is not None:
        sys.exit(f"error: {reason}")
    width, height = (int(part) for part in asked.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with HeadlessObs(folder / "obs", scripts=[SCRIPT]) as obs:
            settings = settings_in(folder, obs.port, asked.engine_ms, (width, height))
            version, engine_ms, times = measured_run(settings, obs, asked.presses)
    found = {what: percentiles(values) for what, values in times.items()}
    print(f"OBS {version}, {asked.presses} presses, engine {engine_ms:.1f} ms a picture, {asked.size}")
    for what, figures in found.items():
        row = "  ".join(f"{name} {value:6.1f}" for name, value in figures.items())
        print(f"  hotkey to {what:8} {row}")
    print(json.dumps({"obs": version, "engine_ms": engine_ms, **found}))


if __name__ == "__main__":
    main()
