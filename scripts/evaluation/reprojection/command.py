"""`evaluate.py motion`: what viewers see of a slow engine, held and moved, against a clip styled frame by frame."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..clips import Clip, read_clip
from ..settings import BEST
from .figures import figures_of, places_of
from .imitation import WAYS, EnginePace, Shown, imitate
from .oracle import Oracle
from .sheet import side_by_side, video

PROMPTS = (
    "a pencil sketch of a person",
    "a person as a cartoon, cel shaded",
    "an oil painting of a person, brush strokes",
    "a comic book panel of a person",
)
COLUMNS = {
    "psnr": "dB",
    "psnr_low": "dB, 5 %",
    "still": "still",
    "moving": "moving",
    "pop": "pop",
    "oracle_change": "oracle",
    "processor_ms": "ms",
}


def main(arguments: list[str]) -> None:
    """Measure, print a table and, on the last line, JSON."""
    asked = parse(arguments)
    from streamv2v import StreamV2VError

    try:
        rows = measure(asked)
    except (StreamV2VError, ValueError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    means = summary(rows)
    print("\n" + table(means))
    print(
        json.dumps({"asked": {name: str(value) for name, value in vars(asked).items()}, "means": means, "rows": rows})
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate.py motion", description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("clips", nargs="+")
    add("--prompts", nargs="+", default=list(PROMPTS))
    add("--rates", nargs="+", type=float, default=[5.0, 10.0], help="pictures of the engine a second")
    add("--late", type=float, help="from a camera frame to its styled picture, s; one engine period unless named")
    add("--detail", type=float, default=0.0, help="fine structure added where borrowing is allowed, 0..1")
    add("--strength", type=float, default=0.6)
    add("--model", default="embedded")
    add("--slots", type=int, default=1)
    add("--size", type=int, default=49152, help="about how many pixels the engine's picture has")
    add("--frames", type=int, default=60, help="at most so many frames of each clip")
    add("--cache", type=Path, required=True, metavar="FOLDER", help="styled clips, kept for the next time")
    add("--out", type=Path, metavar="FOLDER", help="sheets and side-by-side videos")
    return parser.parse_args(arguments)


def measure(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """One row of figures for each clip, look, rate and way."""
    from streamv2v import StreamConfig

    from ..streams import Engines

    rows: list[dict[str, Any]] = []
    with Engines(StreamConfig(model=asked.model, slots=asked.slots)) as engines:
        oracle = Oracle(engines, asked.cache, BEST)
        for path in asked.clips:
            clip = read_clip(path, pixels=asked.size, most=asked.frames)
            for prompt in asked.prompts:
                styled = oracle.styled(clip, BEST.look(prompt, asked.strength))
                for rate in asked.rates:
                    rows += rows_of(asked, clip, styled, prompt, EnginePace(rate, asked.late))
                print(f"{clip.name}  {prompt}", flush=True)
    return rows


def rows_of(
    asked: argparse.Namespace, clip: Clip, styled: list[np.ndarray], prompt: str, pace: EnginePace
) -> list[dict[str, Any]]:
    """The figures of every way at one pace, and with `--out` what they look like."""
    places = places_of(clip.frames, clip.fps, pace)
    seen: dict[str, Shown] = {
        way: imitate(clip.frames, styled, clip.fps, pace, way, detail=asked.detail) for way in WAYS
    }
    first = next(iter(seen.values())).first
    change = [np.abs(a.astype(int) - b).mean() for a, b in zip(styled[first + 1 :], styled[first:-1], strict=True)]
    rows = []
    for way, shown in seen.items():
        figures = figures_of(shown, styled, places)
        own = {"clip": clip.name, "prompt": prompt, "rate": pace.rate, "way": way}
        rows.append(own | figures | {"pop": figures["change_arrival"], "oracle_change": float(np.mean(change))})
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        name = f"{clip.name}-{'-'.join(prompt.split()[:3])}-{pace.rate:g}"
        side_by_side(asked.out / f"{name}.png", clip.frames, styled, seen)
        video(asked.out / f"{name}.mp4", clip.frames, styled, seen, clip.fps)
    return rows


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over clips and looks, for each rate and way."""
    means = []
    for rate in dict.fromkeys(row["rate"] for row in rows):
        for way in dict.fromkeys(row["way"] for row in rows):
            own = [row for row in rows if row["rate"] == rate and row["way"] == way]
            mean = {name: round(float(np.nanmean([row[name] for row in own])), 3) for name in COLUMNS}
            means.append({"rate": rate, "way": way, "cells": len(own)} | mean)
    return means


def table(means: list[dict[str, Any]]) -> str:
    """The means for people."""
    head = f"{'rate':>5} {'way':<17}" + "".join(f"{title:>9}" for title in COLUMNS.values())
    lines = [f"{m['rate']:>5g} {m['way']:<17}" + "".join(f"{m[name]:>9.2f}" for name in COLUMNS) for m in means]
    return "\n".join([head, *lines])
