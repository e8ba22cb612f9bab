"""What does a long prompt cost a frame, and what does the first frame with it cost?

    python scripts/prompt_chunks.py --frames 20 --rounds 5

One engine of the embedded model (or `--model`) draws with prompts of 1, 2, 4 and 8 chunks in turns, so that what else
the machine does falls on all alike. Told are the time of a frame with each, as a share of that with one chunk, the time
from the change of the prompt to its first picture, and the memory of the process after the last round. A table for
people, JSON on the last line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np
import psutil

from streamv2v import Controls, StreamConfig, StreamV2V, load_components

CHUNKS = (1, 2, 4, 8)
SENTENCE = "oil painting of a quiet harbour at night, lanterns on the water, "


def main() -> None:
    asked = parse()
    # what is tuned beside a running engine would fall on some prompts and not on others
    config = StreamConfig(
        model=asked.model, width=asked.size, height=asked.size, slots=asked.slots, acceleration="none"
    )
    with StreamV2V(config, load_components(config)) as engine:
        engine.warm_up()
        prompts = {chunks: prompt_of(engine, chunks) for chunks in CHUNKS}
        memory = {0: mib()}
        frame_ms: dict[int, list[float]] = {chunks: [] for chunks in CHUNKS}
        change_ms: dict[int, list[float]] = {chunks: [] for chunks in CHUNKS}
        for _ in range(asked.rounds):
            for chunks, text in prompts.items():
                times = drawn(engine, text, asked.frames)
                change_ms[chunks].append(times[0])
                frame_ms[chunks].append(statistics.median(times[2:]))
                memory[chunks] = mib()
    rows = []
    for chunks in CHUNKS:
        shares = [one / base for one, base in zip(frame_ms[chunks], frame_ms[1], strict=True)]
        rows.append(
            {
                "chunks": chunks,
                "frame_ms": round(statistics.median(frame_ms[chunks]), 2),
                "share": round(statistics.median(shares), 3),
                "first_ms": round(statistics.median(change_ms[chunks]), 1),
                "memory_mib": round(memory[chunks] - memory[0], 1),
            }
        )
    print(f"{'chunks':>7}{'frame ms':>10}{'share':>8}{'first ms':>10}{'MiB more':>10}")
    for row in rows:
        print(
            f"{row['chunks']:7}{row['frame_ms']:10.2f}{row['share']:8.3f}{row['first_ms']:10.1f}{row['memory_mib']:10.1f}"
        )
    print(json.dumps({"model": asked.model, "size": asked.size, "slots": asked.slots, "rows": rows}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--size", type=int, default=256, help="of the square picture, px")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def prompt_of(engine: StreamV2V, chunks: int) -> str:
    """Words that take that many chunks."""
    text = SENTENCE
    while len(engine.prompts.reader.read(text).chunks) < chunks:
        text += SENTENCE
    return text


def drawn(engine: StreamV2V, prompt: str, frames: int) -> list[float]:
    """Milliseconds of each frame, the first with the change of the prompt."""
    look: Any = replace(Controls(), prompt=prompt, transition_s=0.0)
    times = []
    for number in range(frames):
        picture = np.full((engine.config.height, engine.config.width, 3), 90 + number % 60, np.uint8)
        began_s = time.perf_counter()
        engine(picture, look)
        times.append((time.perf_counter() - began_s) * 1000)
    return times


def mib() -> float:
    return psutil.Process().memory_info().rss / 2**20


if __name__ == "__main__":
    main()
