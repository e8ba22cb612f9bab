"""How do real models look here, and how fast are they? For a machine with a GPU and the network.

    python scripts/try_models.py talk.mp4                                   # every model of the list, 200 frames each
    python scripts/try_models.py talk.mp4 --only sdxl-turbo ssd-1b --out tried
    python scripts/try_models.py talk.mp4 --model ./my.safetensors --lora ./style.safetensors:0.8

Each model is fetched where it is not there, and draws the clip without a bank and with the best one. Writes a sheet for
each (the clip, both ways, three moments, and what changed since the frame before), a table, and JSON on the last line.
A model that cannot be had or run is a line in the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.card import forget_peak, peak_mib
from evaluation.clips import Clip, read_clip, there_and_back
from evaluation.pictures import Shown, save, sheets
from streamv2v_cam.settings.loading import parse_lora

from streamv2v import BankConfig, Components, Controls, Lora, StreamConfig, StreamV2V, load_components
from streamv2v.config import BEST_CONTROLS
from streamv2v.errors import StreamV2VError

FRAMES, WARM = 200, 20
BANKS = {"no bank": BankConfig(kind="off"), "best bank": BankConfig.best()}


@dataclass(frozen=True)
class Tried:
    """A model of the list: what it is built from, and about how many pixels it draws best."""

    config: StreamConfig
    pixels: int = 512 * 512


SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
MODELS = {
    "sd15-lcm": Tried(StreamConfig(model="stable-diffusion-v1-5/stable-diffusion-v1-5", slots=4)),
    "sd-turbo": Tried(StreamConfig(model="stabilityai/sd-turbo", slots=1)),
    "sdxl-turbo": Tried(StreamConfig(model="stabilityai/sdxl-turbo", slots=1)),
    "sdxl-lightning": Tried(
        StreamConfig(
            model=SDXL, slots=4, loras=(Lora("ByteDance/SDXL-Lightning/sdxl_lightning_4step_lora.safetensors"),)
        ),
        1024 * 576,
    ),
    "sdxl-hyper": Tried(
        StreamConfig(model=SDXL, slots=4, loras=(Lora("ByteDance/Hyper-SD/Hyper-SDXL-4steps-lora.safetensors"),)),
        1024 * 576,
    ),
    "sdxl-dmd2": Tried(
        StreamConfig(model=SDXL, slots=4, loras=(Lora("tianweiy/DMD2/dmd2_sdxl_4step_lora_fp16.safetensors"),)),
        1024 * 576,
    ),
    "sdxl-lcm": Tried(StreamConfig(model=SDXL, slots=4), 1024 * 576),
    "ssd-1b": Tried(StreamConfig(model="segmind/SSD-1B", slots=4), 1024 * 576),
    "vega": Tried(StreamConfig(model="segmind/Segmind-Vega", slots=4), 1024 * 576),
}


def main(words: list[str] | None = None) -> None:
    asked = parser().parse_args(words)
    tried = {name: MODELS[name] for name in asked.only or MODELS}
    if asked.model:
        loras = tuple(parse_lora(text) for text in asked.lora)
        own = StreamConfig(model=asked.model, slots=asked.slots, loras=loras, vae=asked.vae)
        tried = {Path(asked.model).stem: Tried(own, asked.pixels)}
    rows = [row for name, one in tried.items() for row in rows_of(name, one, asked)]
    print(table(rows))
    print(json.dumps({"rows": rows}))
    if all("error" in row for row in rows):
        sys.exit(1)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("clip", type=Path, help="a video of a person")
    made.add_argument("--only", nargs="+", choices=MODELS, default=[], help="these of the list")
    made.add_argument("--model", help="one of your own: a folder, a .safetensors file or a hub id")
    made.add_argument("--lora", nargs="+", default=[], help='for --model; ":0.8" behind it is its scale')
    made.add_argument("--vae", help="for --model")
    made.add_argument("--slots", type=int, default=2, help="for --model")
    made.add_argument("--pixels", type=int, default=512 * 512, help="for --model: about how many a picture has")
    made.add_argument("--prompt", default="an oil painting of a person")
    made.add_argument("--strength", type=float, default=0.5)
    made.add_argument("--frames", type=int, default=FRAMES)
    made.add_argument("--out", type=Path, default=Path("tried"), help="folder of the sheets")
    return made


def rows_of(name: str, one: Tried, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """One row for each bank, and the model's sheet; a single row with the reason where it cannot be run."""
    try:
        clip = read_clip(asked.clip, pixels=one.pixels, most=asked.frames)
        config = replace(one.config, width=clip.size[0], height=clip.size[1])
        components = load_components(config, lambda what, _share: print(f"{name}: {what}", file=sys.stderr))
        columns: dict[str, Shown] = {"clip": shown([frame for _, frame in there_and_back(clip.frames, asked.frames)])}
        rows = []
        for title, bank in BANKS.items():
            look = Controls(prompt=asked.prompt, strength=asked.strength)
            look = look.patched(BEST_CONTROLS) if bank.kind != "off" else look
            row, pictures = drawn(replace(config, bank=bank), components, clip, look, asked.frames)
            rows.append({"model": name, "bank": title, "size": f"{clip.size[0]}x{clip.size[1]}", **row})
            columns[title] = shown(pictures)
        for sheet in sheets(columns):
            save(asked.out / f"{name}.png", sheet)
        return rows
    except (StreamV2VError, ValueError, OSError, torch.OutOfMemoryError) as error:
        return [{"model": name, "error": " ".join(str(error).split())[:200]}]


def drawn(
    config: StreamConfig, components: Components, clip: Clip, look: Controls, count: int
) -> tuple[dict[str, Any], list[np.ndarray]]:
    """What a model and a bank make of a clip: figures, and every picture."""
    device = components.unet.device
    forget_peak(device)
    times_ms, pictures = [], []
    with StreamV2V(config, components) as engine:
        engine.warm_up()
        for _, frame in there_and_back(clip.frames, count):
            began_s = time.perf_counter()
            pictures.append(engine(frame, look))
            times_ms.append((time.perf_counter() - began_s) * 1000)
        facts = engine.facts()
    timed = times_ms[WARM:] or times_ms
    return {
        "slots": config.slots,
        "dtype": facts["dtype"],
        "median_ms": round(statistics.median(timed), 2),
        "fps": round(1000 / statistics.fmean(timed), 1),
        "peak_mib": round(peak_mib(device)),
        "bank_mib": round(facts["bank_bytes"] / 2**20),
        "change": round(change(pictures), 2),
        "warned": list(components.warned),
    }, pictures


def change(pictures: Sequence[np.ndarray]) -> float:
    """Mean change from picture to picture, grey levels; of the clip itself it is what moves there."""
    return statistics.fmean(float(np.abs(b.astype(np.int16) - a).mean()) for a, b in pairwise(pictures))


def shown(pictures: Sequence[np.ndarray]) -> Shown:
    """Three moments, each with the picture before it."""
    moments = sorted({max(1, round(len(pictures) * share) - 1) for share in (0.15, 0.5, 0.95)})
    return {number: (pictures[number], pictures[number - 1]) for number in moments}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """For people: a line for each row."""
    titles = ("model", "bank", "size", "slots", "dtype", "median_ms", "fps", "peak_mib", "bank_mib", "change")
    lines = ["".join(f"{title:<16}" for title in titles)]
    for row in rows:
        told = f"{row['model']:<16}{row['error']}" if "error" in row else ""
        lines.append(told or "".join(f"{row[title]!s:<16}" for title in titles))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
