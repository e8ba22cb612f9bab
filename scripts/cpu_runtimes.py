"""What OpenVINO brings on this processor, with the machine idle and with one core kept busy.

    python scripts/cpu_runtimes.py                               # this checkout, plain and with OpenVINO
    python scripts/cpu_runtimes.py --before ../before            # and an older checkout's engine

The embedded model as a newcomer runs it (336x192, one slot, the best bank). Each side is a process of its own that
draws blocks of four frames in turns with the others, forwards and backwards, first idle and then beside a process that
counts for ever; each round is compared with itself. The first run converts, which takes a minute; `--cache` keeps
that. A table for people, JSON on the last line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = 4
LOADS = ("idle", "one core busy")


def main() -> None:
    arguments = parse()
    if arguments.side:
        draw_blocks(arguments)
        return
    with contextlib.ExitStack() as stack:
        cache = arguments.cache or stack.enter_context(tempfile.TemporaryDirectory())
        sides = {name: stack.enter_context(side(ROOT, name, cache, arguments)) for name in ("plain", "openvino")}
        if arguments.before:
            sides["before"] = stack.enter_context(side(arguments.before.resolve(), "plain", cache, arguments))
        for process in sides.values():
            ask(process)
        times = {load: measured(sides, arguments.rounds, busy=load != LOADS[0]) for load in LOADS}
    result = {load: compared(found) for load, found in times.items()}
    for load, rows in result.items():
        print(f"\n{load}")
        for name, row in rows.items():
            print(f"  {name:10}" + "  ".join(f"{what} {value}" for what, value in row.items()))
    print(json.dumps(result))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--before", type=Path, help="an older checkout, compared along")
    parser.add_argument("--cache", help="folder that keeps converted networks; a temporary one if left out")
    parser.add_argument("--size", default="336x192", help="size inside the engine, WxH px")
    parser.add_argument("--rounds", type=int, default=8, help="blocks of four frames of each side under each load")
    parser.add_argument("--side", choices=("plain", "openvino"), help=argparse.SUPPRESS)
    return parser.parse_args()


@contextlib.contextmanager
def side(checkout: Path, name: str, cache: str, arguments: argparse.Namespace) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the library of `checkout`; it is ready when it has answered once."""
    python = checkout / ".venv" / "bin" / "python"
    command = [str(python) if python.exists() else sys.executable, str(Path(__file__).resolve()), "--side", name]
    process = subprocess.Popen(
        [*command, "--cache", cache, "--size", arguments.size],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=checkout,
        # as in the engine process
        env={**os.environ, "PYTHONPATH": str(checkout), "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "5000"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(process: subprocess.Popen[str]) -> float:
    """Milliseconds of a frame over the next block; the first answer is that it is ready."""
    assert process.stdin and process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        sys.exit("one side has ended; run it by hand with --side to see why")
    return float(line)


def measured(sides: dict[str, Any], rounds: int, *, busy: bool) -> dict[str, list[float]]:
    """Milliseconds of a frame, round by round."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    load = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
    try:
        for number in range(rounds + 1):
            for name in sides if number % 2 else reversed(sides):
                took_ms = ask(sides[name])
                if number:  # the first round warms up
                    times[name].append(took_ms)
    finally:
        if load is not None:
            load.kill()
            load.wait()
    return times


def compared(times: dict[str, list[float]]) -> dict[str, dict[str, Any]]:
    """For each side its median time, and how many times as many frames OpenVINO draws, median and quartiles."""
    rows: dict[str, dict[str, Any]] = {}
    for name, values in times.items():
        ratios = [one / other for one, other in zip(values, times["openvino"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios * 3)
        rows[name] = {"ms": round(statistics.median(values), 1)}
        if name != "openvino":
            rows[name] |= {"openvino is faster by": f"{middle:.2f} ({low:.2f} to {high:.2f})"}
    return rows


def draw_blocks(arguments: argparse.Namespace) -> None:
    """One side: a line on standard input asks for a block, a line on standard output says how long its frames took."""
    import numpy as np

    from streamv2v import Controls, StreamConfig, StreamV2V
    from streamv2v.config import BEST_CONTROLS, BankConfig

    width, height = (int(part) for part in arguments.size.split("x"))
    config = StreamConfig(width=width, height=height, slots=1, bank=BankConfig.best(), device="cpu", dtype="float32")
    if arguments.side == "openvino":
        from dataclasses import replace

        config = replace(config, acceleration="openvino", compile_cache=arguments.cache)
    engine = StreamV2V.from_pretrained(config)
    if engine.compiling is not None:
        engine.compiling.wait()
    draw = np.random.default_rng(0)
    clip = [draw.integers(0, 255, (height, width, 3), dtype=np.uint8) for _ in range(8)]
    look = Controls(prompt="a pencil sketch of a person", **BEST_CONTROLS)
    for _line in sys.stdin:
        began_s = time.perf_counter()
        for _ in range(BLOCK):
            engine(clip[engine.frames % len(clip)], look)
        print((time.perf_counter() - began_s) * 1000 / BLOCK, flush=True)


if __name__ == "__main__":
    main()
