"""Which settings are fastest on this CPU: number format, memory layout, threads, compiled code?

    python scripts/cpu_settings.py                       # the embedded model at 336x192
    python scripts/cpu_settings.py --no-compile          # without the minutes that compiling takes

Each question is answered in turns within one run, so that a busy moment strikes all alike: compare the
ratios. What the program chooses by itself is marked. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

# as in the engine process
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")


def main() -> None:
    arguments = parse()
    import torch

    from streamv2v import StreamConfig, load_components
    from streamv2v.device.choosing import choose_dtype
    from streamv2v.tuning.autotune import usable_cores
    from streamv2v.tuning.threads import thread_choices, usual_threads

    width, height = (int(side) for side in arguments.size.split("x"))
    cores = usable_cores()
    config = StreamConfig(model=arguments.model, width=width, height=height, slots=arguments.slots, device="cpu")
    chosen = str(choose_dtype(config, torch.device("cpu"))[0]).removeprefix("torch.")
    torch.set_num_threads(arguments.threads or usual_threads(cores))
    formats = {name: frame_of(config, dtype=name) for name in ("float32", "bfloat16")}
    results = {"number format": compare(formats, chosen, arguments.rounds)}
    layouts = {name: frame_of(config, layout=name) for name in ("contiguous", "channels_last")}
    results["memory layout"] = compare(layouts, "channels_last", arguments.rounds)
    draw = layouts["channels_last"]
    threads = {number: with_threads(draw, number) for number in thread_choices(cores)}
    results["threads"] = compare(threads, None, arguments.rounds)
    torch.set_num_threads(arguments.threads or usual_threads(cores))
    if arguments.compile:
        with tempfile.TemporaryDirectory() as folder:
            results["compiled"] = compiled(config, load_components(config), folder, arguments.rounds)
    for question, rows in results.items():
        print(f"\n{question}")
        for row in rows:
            print("  " + "  ".join(f"{name} {value}" for name, value in row.items()))
    print(json.dumps(results))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="embedded", help="embedded, a diffusers folder, a file or a hub id")
    parser.add_argument("--size", default="336x192", help="size inside the engine, WxH px")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="for all questions but the one of threads; 0: the usual")
    parser.add_argument("--rounds", type=int, default=15, help="timed frames of each setting")
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="leave compiling out")
    return parser.parse_args()


def frame_of(config: Any, *, dtype: str = "auto", layout: str = "channels_last") -> Callable[[], object]:
    """Draws one frame of noise with an engine of these settings."""
    from dataclasses import replace

    import torch

    from streamv2v import StreamV2V, load_components

    config = replace(config, dtype=dtype)
    components = load_components(config)
    if layout == "contiguous":
        components.unet.to(memory_format=torch.contiguous_format)
        components.vae.to(memory_format=torch.contiguous_format)
    engine = StreamV2V(config, components)
    engine.warm_up()
    pixels = np.random.default_rng(0).integers(0, 255, (config.height, config.width, 3), dtype=np.uint8)
    return lambda: engine(pixels)


def with_threads(draw: Callable[[], object], number: int) -> Callable[[], object]:
    import torch

    def run() -> None:
        torch.set_num_threads(number)
        draw()

    return run


def compare(runs: dict[Any, Callable[[], object]], chosen: Any, rounds: int) -> list[dict[str, Any]]:
    """One row per setting: ms of a frame, and its share of the slowest."""
    from streamv2v.tuning.autotune import side_by_side

    times_ms = side_by_side(runs, rounds=rounds)
    slowest = max(times_ms.values())
    rows = []
    for name, ms in times_ms.items():
        rows.append({"setting": name, "ms": round(ms, 1), "of the slowest": round(ms / slowest, 2)})
        if name == chosen:
            rows[-1]["chosen"] = "yes"
    return rows


def compiled(config: Any, components: Any, folder: str, rounds: int) -> list[dict[str, Any]]:
    """One row per network: seconds to compile without and with the cache on disk, ms plain and compiled."""
    import torch

    from streamv2v import StreamV2V
    from streamv2v.tuning.compile_cache import compiler_missing, use_cache
    from streamv2v.tuning.compiling import PARTS, Examples, compile_part

    missing = compiler_missing(torch.device("cpu"))
    if missing:
        return [{"not compiled": missing}]
    use_cache(folder)
    examples = Examples()
    with StreamV2V(config, components) as engine, examples.watching(components):
        engine.warm_up()
    rows = []
    for part in PARTS:
        seconds = []
        for _ in range(2):
            torch.compiler.reset()
            began_s = time.perf_counter()
            made = compile_part(components, part, examples.calls[part])
            seconds.append(round(time.perf_counter() - began_s, 1))
        with torch.inference_mode():
            plain_ms, compiled_ms = made.times_ms(rounds=rounds)
        first_s, second_s = seconds
        rows.append({"part": part, "first s": first_s, "with cache s": second_s, "plain ms": round(plain_ms, 1)})
        rows[-1] |= {"compiled ms": round(compiled_ms, 1), "ratio": round(compiled_ms / plain_ms, 2)}
    return rows


if __name__ == "__main__":
    main()
