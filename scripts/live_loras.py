"""Put a LoRA on, scale it and take it off in mid-stream, and measure the frames around it.

    python scripts/live_loras.py MODEL --loras-folder FOLDER
    python scripts/live_loras.py MODEL --loras-folder FOLDER --name pastel --frames 200

Prints how long a frame takes as a rule just before each change, the longest one while the LoRA is prepared, and the
one in which it is swapped in; the last line is JSON. Nothing is compiled or converted beside: it would be measured too.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from streamv2v import Controls, StreamConfig, StreamV2V

LONGEST_S = 300.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("model")
    arguments.add_argument("--loras-folder", type=Path, required=True)
    arguments.add_argument("--name", help="of the LoRA; the first of the folder")
    arguments.add_argument("--size", type=int, default=512, help="of the engine, px")
    arguments.add_argument("--frames", type=int, default=60, help="before each change")
    asked = arguments.parse_args()
    name = asked.name or sorted(asked.loras_folder.glob("*.safetensors"))[0].stem
    config = StreamConfig(
        model=asked.model,
        width=asked.size,
        height=asked.size,
        slots=1,
        loras_folder=str(asked.loras_folder),
        acceleration="graph" if torch.cuda.is_available() else "none",
    )
    rows = []
    with StreamV2V.from_pretrained(config) as engine:
        controls = Controls()
        frames = np.random.default_rng(0).integers(0, 255, (8, asked.size, asked.size, 3)).astype(np.uint8)
        for title, loras in (("on", {name: 1.0}), ("scaled", {name: 0.5}), ("off", {})):
            usual_ms = float(np.median(timed(engine, frames, controls, asked.frames)))
            controls = controls.patched({"loras": loras})
            began_s, during = time.perf_counter(), []
            while engine.live.loras.on != controls.loras and time.perf_counter() - began_s < LONGEST_S:
                during += timed(engine, frames, controls, 1)
            rows.append(
                {
                    "change": title,
                    "usual_ms": round(usual_ms, 2),
                    "longest_while_preparing_ms": round(max(during[:-1], default=0.0), 2),
                    "swapping_ms": round(during[-1], 2),
                    "prepared_s": round(time.perf_counter() - began_s, 2),
                    "told": engine.live.loras.told,
                }
            )
        captures = engine.facts()["captures"]
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    print(json.dumps({"captures": captures, "rows": rows}))


def timed(engine: StreamV2V, frames: np.ndarray, controls: Controls, count: int) -> list[float]:
    """Milliseconds of each of so many frames."""
    times = []
    for number in range(count):
        began_s = time.perf_counter()
        engine(frames[number % len(frames)], controls)
        times.append((time.perf_counter() - began_s) * 1000)
    return times


if __name__ == "__main__":
    main()
