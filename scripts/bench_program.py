"""Does the camera keep its beat, and does memory stay where it is, while the engine works?

    python scripts/bench_program.py                    # about a minute of the whole program
    python scripts/bench_program.py --frames 5000      # the long run: memory from frame 200 to frame 5,000

The whole program (presenter -> engine process -> publisher) with its beat, its delay and the memory of both
processes: a table for people, JSON on the last line. What the engine alone can do is asked by `bench.py`. Absolute
times hold for this machine at this moment only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any

import numpy as np

# as in the engine process: threads that spin at barriers starve each other on a busy machine
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")


def main() -> None:
    arguments = parse()
    print_title("the whole program: presenter, engine process, publisher at 30 fps")
    print(json.dumps(bench_program(arguments)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="embedded", help="embedded, a diffusers folder, a file or a hub id")
    parser.add_argument("--size", default="256x256", help="size inside the engine, WxH px")
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--frames", type=int, default=600, help="engine frames of the run")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of the engine; 0 lets it choose")
    return parser.parse_args()


def bench_program(arguments: argparse.Namespace) -> dict[str, Any]:
    """The host with its publisher beside the engine process: beat, rates, memory from frame 200 on."""
    import psutil
    from streamv2v_cam.run.app import App
    from streamv2v_cam.settings import load_settings

    width, height = (int(side) for side in arguments.size.split("x"))
    flags = {
        "capture.source": "presenter",
        "publish.sinks": ["null"],
        "control.open_browser": "never",
        "engine.model": arguments.model,
        "engine.width": width,
        "engine.height": height,
        "engine.slots": arguments.slots,
        "engine.threads": arguments.threads or None,
    }
    app = App(load_settings(flags))
    host = psutil.Process()
    memory: list[tuple[int, int, float, float]] = []
    app.start()
    try:
        while (figures := app.telemetry.snapshot()).styled < arguments.frames:
            if app.supervisor.failed.is_set():
                sys.exit(app.supervisor.status().reason)
            if figures.styled >= 200 and app.supervisor.pid:
                engine_mib = psutil.Process(app.supervisor.pid).memory_info().rss / 2**20
                memory.append((figures.styled, figures.published, host.memory_info().rss / 2**20, engine_mib))
            time.sleep(0.5)
        figures = app.telemetry.snapshot(whole_run=True)
        restarts = app.supervisor.restarts
    finally:
        app.stop()
    result = {
        "styled": figures.styled,
        "engine_fps": figures.engine_fps,
        "publish_fps": figures.publish_fps,
        "interval_p50_ms": figures.interval_p50_ms,
        "interval_p99_ms": figures.interval_p99_ms,
        "late": figures.late,
        "published": figures.published,
        "latency_p50_ms": figures.latency_p50_ms,
        "latency_p95_ms": figures.latency_p95_ms,
        "engine_restarts": restarts,
        **memory_figures(memory),
    }
    for name, value in result.items():
        print(f"{name:28}{value:>12.2f}" if isinstance(value, float) else f"{name:28}{value!s:>12}")
    return result


def memory_figures(samples: list[tuple[int, int, float, float]]) -> dict[str, Any]:
    """Resident memory of both processes after frame 200 and at the end, MiB: means of the outer tenths."""
    if len(samples) < 10:
        return {"memory_samples": len(samples)}
    tenth = max(1, len(samples) // 10)
    figures: dict[str, Any] = {"memory_from_frame": samples[0][0], "memory_to_frame": samples[-1][0]}
    for name, column in (("host", 2), ("engine", 3)):
        values = [sample[column] for sample in samples]
        figures[f"{name}_mib_first"] = float(np.mean(values[:tenth]))
        figures[f"{name}_mib_last"] = float(np.mean(values[-tenth:]))
        figures[f"{name}_mib_most"] = max(values)
    return figures


def print_title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


if __name__ == "__main__":
    main()
