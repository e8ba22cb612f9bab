"""How fast is it here, and does the camera keep its beat meanwhile?

    python scripts/bench.py                    # engine table and 60 s of the whole program
    python scripts/bench.py --frames 5000      # the long run: memory from frame 200 to frame 5,000

Two tables for people: the engine alone for several banks and slots with the share of each stage, and
the whole program (presenter -> engine process -> publisher) with its beat and the memory of both
processes. The last line is JSON. Absolute times hold for this machine at this moment only; compare
rows of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from typing import Any

import numpy as np

# as in the engine process: threads that spin at barriers starve each other on a busy machine
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")


def main() -> None:
    arguments = parse()
    print_title("the engine alone")
    engine = bench_engine(arguments) if arguments.repeats else []
    print_title("the whole program: presenter, engine process, publisher at 30 fps")
    program = bench_program(arguments)
    print(json.dumps({"engine": engine, "program": program}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="embedded", help="embedded, a diffusers folder, a file or a hub id")
    parser.add_argument("--size", default="256x256", help="size inside the engine, WxH px")
    parser.add_argument("--slots", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--bank", nargs="*", default=["off", "paper", "queue"])
    parser.add_argument("--repeats", type=int, default=60, help="timed frames per row of the engine table; 0 skips it")
    parser.add_argument("--frames", type=int, default=600, help="engine frames of the whole program's run")
    parser.add_argument("--program-slots", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of the engine; 0 lets it choose")
    return parser.parse_args()


def bench_engine(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """One row per bank and slots: ms per frame, fps, share of each stage."""
    import torch

    from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    width, height = (int(side) for side in arguments.size.split("x"))
    clip = moving_clip(width, height)
    rows = []
    print(f"{'bank':8}{'slots':>6}{'p50 ms':>9}{'p95 ms':>9}{'fps':>7}  encode  U-Net  decode  rest   bank MiB")
    for bank in arguments.bank:
        for slots in arguments.slots:
            config = StreamConfig(
                model=arguments.model, width=width, height=height, slots=slots, bank=BankConfig(kind=bank)
            )
            with StreamV2V.from_pretrained(config) as engine:
                stages = watch_stages(engine)
                times = []
                for number in range(arguments.repeats + 5):
                    began_s = time.perf_counter()
                    engine(clip[number % len(clip)], Controls())
                    times.append((time.perf_counter() - began_s) * 1000)
                row = summarise(times[5:], stages, engine.facts())
            rows.append({"bank": bank, "slots": slots, **row})
            share = row["share"]
            print(
                f"{bank:8}{slots:>6}{row['p50_ms']:>9.1f}{row['p95_ms']:>9.1f}{row['fps']:>7.1f}"
                f"{share['encode']:>8.0%}{share['unet']:>7.0%}{share['decode']:>8.0%}{share['rest']:>6.0%}"
                f"{row['bank_mib']:>11.1f}"
            )
    return rows


def watch_stages(engine: Any) -> dict[str, list[float]]:
    """Time the three networks by their public hooks; ms per call."""
    stages: dict[str, list[float]] = defaultdict(list)
    began: dict[str, float] = {}
    vae = engine.components.vae
    for name, module in (("encode", vae.encoder), ("unet", engine.components.unet), ("decode", vae.decoder)):

        def before(_module: Any, _inputs: Any, name: str = name) -> None:
            began[name] = time.perf_counter()

        def after(_module: Any, _inputs: Any, _output: Any, name: str = name) -> None:
            stages[name].append((time.perf_counter() - began[name]) * 1000)

        module.register_forward_pre_hook(before)
        module.register_forward_hook(after)
    return stages


def summarise(times_ms: list[float], stages: dict[str, list[float]], facts: dict[str, Any]) -> dict[str, Any]:
    p50, p95, p99 = (float(np.percentile(times_ms, q)) for q in (50, 95, 99))
    medians = {name: float(np.median(values[-len(times_ms) :])) for name, values in stages.items()}
    share = {name: medians.get(name, 0.0) / p50 for name in ("encode", "unet", "decode")}
    share["rest"] = max(0.0, 1 - sum(share.values()))
    return {
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "fps": 1000 / float(np.mean(times_ms)),
        "stage_ms": medians,
        "share": share,
        "bank_mib": facts["bank_bytes"] / 2**20,
        "device": facts["device"],
        "dtype": facts["dtype"],
    }


def bench_program(arguments: argparse.Namespace) -> dict[str, Any]:
    """The host with its publisher beside the engine process: beat, rates, memory from frame 200 on."""
    import psutil
    from streamv2v_cam.app import App
    from streamv2v_cam.settings import load_settings

    width, height = (int(side) for side in arguments.size.split("x"))
    flags = {
        "capture.source": "presenter",
        "publish.sinks": ["null"],
        "control.open_browser": "never",
        "engine.model": arguments.model,
        "engine.width": width,
        "engine.height": height,
        "engine.slots": arguments.program_slots,
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


def moving_clip(width: int, height: int) -> list[np.ndarray]:
    """A soft moving picture, uint8 `[H, W, 3]` each."""
    y, x = np.mgrid[0:height, 0:width]
    frames = []
    for number in range(16):
        waves = [np.sin((x + 6 * number) / (9 + 5 * c)) + np.cos((y - 3 * number) / (13 + 4 * c)) for c in range(3)]
        frames.append(np.clip(127 + 60 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8))
    return frames


def print_title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


if __name__ == "__main__":
    main()
