"""What the program costs beside the engine: processor time of each of its parts for a second of published pictures.

    python scripts/processor_time.py                                 # motion and hold, twice and in turns
    python scripts/processor_time.py --ways hold --sinks out.mkv     # with the recorder

The whole program (presenter -> engine process -> publisher) in a process of its own for each run. Threads of the host
are told apart by their names; what has none belongs to libraries. Processor time wanders less than time on a machine
that does other work too, but the engine's rate does not: run it alone. A table for people, JSON on the last line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

WAYS = ("reproject", "hold")


def main() -> None:
    arguments = parse()
    if arguments.one:
        print(json.dumps(run_once(arguments)))
        return
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in arguments.ways}
    for number in range(arguments.turns):
        for way in arguments.ways if number % 2 == 0 else reversed(arguments.ways):
            command = [sys.executable, __file__, *sys.argv[1:], "--one", way]
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            found[way].append(json.loads(answer.splitlines()[-1]))
    means = {way: mean_of(runs) for way, runs in found.items()}
    print(table(means))
    print(json.dumps({"means": means, "runs": found}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="of publishing")
    parser.add_argument("--turns", type=int, default=2, help="runs of each way")
    parser.add_argument("--seconds", type=float, default=15.0, help="measured of each run")
    parser.add_argument(
        "--warm", type=float, default=12.0, help="seconds from the first styled picture to the measuring"
    )
    parser.add_argument("--source", default="presenter")
    parser.add_argument("--sinks", nargs="+", default=["null"])
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_once(arguments: argparse.Namespace) -> dict[str, Any]:
    """One run: milliseconds of processor time of each part for a published second, and the rates."""
    from streamv2v_cam.run.app import App
    from streamv2v_cam.settings import load_settings

    flags = {
        "capture.source": arguments.source,
        "publish.sinks": arguments.sinks,
        "control.open_browser": "never",
        "engine.spare": False,
        "start.motion": arguments.one,
    }
    app = App(load_settings(flags))
    app.start()
    try:
        if not app.publisher.styled_on_air.wait(240):
            sys.exit(f"no styled picture came: {app.supervisor.status().reason}")
        time.sleep(arguments.warm)
        before, began = spent_s(app.supervisor.pid), app.telemetry.snapshot(whole_run=True)
        time.sleep(arguments.seconds)
        after, ended = spent_s(app.supervisor.pid), app.telemetry.snapshot(whole_run=True)
        now = app.telemetry.snapshot()
    finally:
        app.stop()
    lasted_s = ended.uptime_s - began.uptime_s
    parts = {name: 1000 * (after[name] - before.get(name, 0.0)) / lasted_s for name in after}
    return {
        "styled_fps": (ended.styled - began.styled) / lasted_s,
        "published_fps": (ended.published - began.published) / lasted_s,
        "motion_p50_ms": now.latency_p50_ms,
        "motion_p95_ms": now.latency_p95_ms,
        "interval_p99_ms": now.interval_p99_ms,
        "parts_ms": {name: round(ms, 1) for name, ms in parts.items() if ms >= 0.5},
    }


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
