"""How much does the picture flicker, with and without a bank?

    python scripts/flicker.py CLIP... --prompt "pencil sketch" --bank off paper queue

For each clip and bank: the mean absolute difference of consecutive output frames after motion
compensation by the *source's* flow (OpenCV's DIS), over the pixels whose flow agrees forwards and
backwards, in grey levels 0..255 as floating point. The pictures are frame-aligned (no slot lag). The
last columns put it in relation to the source's own figure and to bank "off". A low figure alone is no
merit - a grey picture never flickers - so the output's agreement with the source's edges stands beside
it. A table for people, JSON on the last line.
"""

from __future__ import annotations

import argparse
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

# as in the engine process: threads that spin at barriers starve each other on a busy machine
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")


def main() -> None:
    arguments = parse()
    from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V

    results: list[dict[str, Any]] = []
    print(f"{'clip':34}{'bank':7}{'flicker':>9}{'/ source':>10}{'/ off':>8}{'edges':>8}")
    for clip in arguments.clips:
        frames = read_clip(clip, arguments.size, arguments.frames)
        motions = [motion(before, after) for before, after in pairwise(frames)]
        source = flicker(frames, motions)
        off: float | None = None
        for bank in arguments.bank:
            height, width = frames[0].shape[:2]
            config = StreamConfig(
                model=arguments.model, width=width, height=height, slots=arguments.slots, bank=BankConfig(kind=bank)
            )
            with StreamV2V.from_pretrained(config) as engine:
                look = Controls(prompt=arguments.prompt, strength=arguments.strength)
                pictures = list(engine.translate(frames, look))
            value = flicker(pictures, motions)
            off = value if bank == "off" else off
            row = {
                "clip": Path(clip).name,
                "bank": bank,
                "frames": len(frames),
                "flicker": value,
                "to_source": value / source,
                "to_off": value / off if off else None,
                "edges": float(np.mean([edge_agreement(a, b) for a, b in zip(frames, pictures, strict=True)])),
            }
            results.append(row)
            ratio = f"{row['to_off']:.2f}" if row["to_off"] else "-"
            print(
                f"{row['clip'][:33]:34}{bank:7}{value:>9.2f}{row['to_source']:>10.2f}{ratio:>8}{row['edges']:>8.2f}",
                flush=True,
            )
    print(json.dumps({"prompt": arguments.prompt, "strength": arguments.strength, "results": results}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--prompt", default="pencil sketch")
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--bank", nargs="*", default=["off", "paper", "queue"])
    parser.add_argument("--size", type=int, default=65536, help="about how many pixels the engine's picture has")
    parser.add_argument("--frames", type=int, default=120, help="at most so many frames of each clip")
    return parser.parse_args()


def read_clip(path: str, pixels: int, most: int) -> list[np.ndarray]:
    """RGB uint8 frames, shrunk to about `pixels` pixels with sides that are multiples of 8."""
    frames = []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            scale = (pixels / (frame.width * frame.height)) ** 0.5
            size = tuple(max(64, round(side * scale / 8) * 8) for side in (frame.width, frame.height))
            frames.append(cv2.resize(frame.to_ndarray(format="rgb24"), size, interpolation=cv2.INTER_AREA))
            if len(frames) == most:
                break
    return frames


def motion(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sampling map `[H, W, 2]` that brings `before` onto `after`, and where it can be trusted, bool `[H, W]`."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after)]
    dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back = dis.calc(grey[1], grey[0], None)
    forth = dis.calc(grey[0], grey[1], None)
    y, x = np.mgrid[0 : back.shape[0], 0 : back.shape[1]].astype(np.float32)
    where = np.stack([x + back[..., 0], y + back[..., 1]], axis=-1)
    returned = sample(forth, where)
    gap = np.linalg.norm(back + returned, axis=-1)
    length = np.linalg.norm(back, axis=-1) + np.linalg.norm(returned, axis=-1)
    inside = (where >= 0).all(-1) & (where[..., 0] <= back.shape[1] - 1) & (where[..., 1] <= back.shape[0] - 1)
    return where, (gap <= 0.01 * length + 0.5) & inside


def sample(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    """`picture` read at the places `where`, bilinear."""
    return cv2.remap(picture, where[..., 0], where[..., 1], cv2.INTER_LINEAR)


def flicker(frames: list[np.ndarray], motions: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean absolute difference of each frame and the motion-compensated one before it, grey levels."""
    values = []
    for before, after, (where, trusted) in zip(frames, frames[1:], motions, strict=False):
        moved = sample(before.astype(np.float32), where)
        values.append(np.abs(moved - after.astype(np.float32))[trusted].mean())
    return float(np.mean(values))


def edge_agreement(source: np.ndarray, picture: np.ndarray) -> float:
    """Correlation of the two pictures' gradient magnitudes, -1..1."""
    gradients = []
    for image in (source, picture):
        grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.0).astype(np.float32)
        gradients.append(np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)).ravel())
    return float(np.corrcoef(gradients[0], gradients[1])[0, 1])


if __name__ == "__main__":
    main()
