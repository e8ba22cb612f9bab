"""What the program costs beside the engine: processor time of each of its parts for a second of published pictures.

    python scripts/processor_time.py                                 # motion and hold, in turns
    python scripts/processor_time.py --ways hold --sinks out.mkv     # with the recorder

The whole program (presenter, engine process, publisher) runs once; once its engine does nothing but frames, the ways of
publishing take turns of ten seconds, forwards and backwards, so that a busy moment strikes all alike. Threads of the
host are told apart by their names; what has none belongs to libraries. The loss of the engine's rate is that of each
turn against the turn of "hold" beside it. A table for people, JSON on the last line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil
    from streamv2v_cam.run.app import App

WAYS = ("reproject", "hold")
SETTLE_S = 1.5
"""After a change of the way, before the measuring."""
MOST_WAIT_S = 150.0
"""For the networks to be converted, compared and taken in."""


def main() -> None:
    arguments = parse()
    found, facts = run(arguments)
    means = {way: mean_of(turns) for way, turns in found.items()}
    print(table(means))
    loss = loss_of(found)
    if loss:
        print(f"{'engine slower than with hold':36}" + " ".join(f"{way} {told}" for way, told in loss.items()))
    print(json.dumps({"means": means, "loss": loss, "turns": found, "engine": facts}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="of publishing")
    parser.add_argument("--turns", type=int, default=6, help="of each way")
    parser.add_argument("--seconds", type=float, default=10.0, help="measured of each turn")
    parser.add_argument("--calm", type=float, default=8.0, help="seconds of nothing but frames before the measuring")
    parser.add_argument("--source", default="presenter")
    parser.add_argument("--sinks", nargs="+", default=["null"])
    parser.add_argument("--size", help="published size, WxH px")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> tuple[dict[str, list[dict[str, Any]]], dict[str, object]]:
    """The turns of each way, and what the engine says of itself."""
    from streamv2v_cam.run.app import App
    from streamv2v_cam.settings import load_settings

    flags: dict[str, Any] = {
        "capture.source": arguments.source,
        "publish.sinks": arguments.sinks,
        "control.open_browser": "never",
        "control.port": 0,
        "engine.spare": False,
        "engine.wanted_fps": 0,
    }
    if arguments.size:
        flags["publish.width"], flags["publish.height"] = (int(side) for side in arguments.size.split("x"))
    app = App(load_settings(flags))
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in arguments.ways}
    app.start()
    try:
        if not app.publisher.styled_on_air.wait(240):
            sys.exit(f"no styled picture came: {app.supervisor.status().reason}")
        wait_for_calm(app, arguments.calm)
        for number in range(arguments.turns):
            for way in arguments.ways if number % 2 == 0 else reversed(arguments.ways):
                found[way].append(turn(app, way, arguments.seconds))
        return found, app.supervisor.facts
    finally:
        app.stop()


def wait_for_calm(app: App, seconds: float) -> None:
    """Until the engine has done nothing but frames, and nobody beside it anything, for so long."""
    import psutil

    since_s, until_s = time.monotonic(), time.monotonic() + MOST_WAIT_S
    while (now_s := time.monotonic()) - since_s < seconds and now_s < until_s:
        if app.supervisor.status().progress or len(working(psutil.Process())) > 1:
            since_s = now_s
        time.sleep(0.2)


def working(host: psutil.Process) -> list[psutil.Process]:
    """Child processes that are more than Python's own helpers."""
    import psutil

    found = []
    for child in host.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "resource_tracker" not in " ".join(child.cmdline()):
                found.append(child)
    return found


def turn(app: App, way: str, seconds: float) -> dict[str, Any]:
    """One turn: milliseconds of processor time of each part for a second, and the rates."""
    app.store.apply({"motion": way})
    time.sleep(SETTLE_S)
    before, began = spent_s(app.supervisor.pid), app.telemetry.snapshot()
    began_s = time.monotonic()
    time.sleep(seconds)
    after, ended = spent_s(app.supervisor.pid), app.telemetry.snapshot()
    lasted_s = time.monotonic() - began_s
    parts = {name: 1000 * (after[name] - before.get(name, 0.0)) / lasted_s for name in after}
    return {
        "styled_fps": (ended.styled - began.styled) / lasted_s,
        "new_pictures_fps": (ended.published - ended.repeated - began.published + began.repeated) / lasted_s,
        "motion_p50_ms": ended.latency_p50_ms,
        "motion_p95_ms": ended.latency_p95_ms,
        "interval_p99_ms": ended.interval_p99_ms,
        "parts_ms": {name: round(ms, 1) for name, ms in parts.items() if ms >= 0.5},
    }


def loss_of(found: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """For each way how much slower the engine was than in the turn of "hold" beside it: median and quartiles."""
    told = {}
    for way, turns in found.items():
        if way == "hold" or "hold" not in found or len(turns) < 2:
            continue
        pairs = zip(turns, found["hold"], strict=True)
        losses = [1 - one["styled_fps"] / other["styled_fps"] for one, other in pairs if other["styled_fps"]]
        low, middle, high = statistics.quantiles(losses, n=4)
        told[way] = f"{middle:.1%} ({low:.1%} to {high:.1%})"
    return told


def spent_s(engine_pid: int | None) -> dict[str, float]:
    """Processor seconds so far: of the engine, of other children, and of the host's threads by name."""
    import psutil

    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    host = psutil.Process()
    spent: dict[str, float] = {}
    for thread in host.threads():
        name = f"host: {names.get(thread.id, 'libraries')}"
        spent[name] = spent.get(name, 0.0) + thread.user_time + thread.system_time
    for child in host.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:
            continue
        name = "engine" if child.pid == engine_pid else "other processes"
        spent[name] = spent.get(name, 0.0) + times.user + times.system
    return spent


def mean_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Each figure's mean over the runs."""
    names = {name for run in runs for name in run["parts_ms"]}
    parts = {name: statistics.fmean(run["parts_ms"].get(name, 0.0) for run in runs) for name in names}
    plain = {name: statistics.fmean(run[name] or 0.0 for run in runs) for name in runs[0] if name != "parts_ms"}
    return plain | {"parts_ms": dict(sorted(parts.items(), key=lambda part: -part[1]))}


def table(means: dict[str, dict[str, Any]]) -> str:
    """The means for people, a column for each way."""
    rows = [name for name in next(iter(means.values())) if name != "parts_ms"]
    parts = list(dict.fromkeys(name for mean in means.values() for name in mean["parts_ms"]))
    lines = [f"{'ms of processor time a second':36}" + "".join(f"{way:>12}" for way in means)]
    lines += [
        f"{part:36}" + "".join(f"{mean['parts_ms'].get(part, 0.0):>12.1f}" for mean in means.values()) for part in parts
    ]
    lines += [f"{row:36}" + "".join(f"{mean[row]:>12.1f}" for mean in means.values()) for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
