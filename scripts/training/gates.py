"""Is the model good enough to ship? Measured through the engine itself, on people the training never saw.

- PSNR of each style to the teacher's own drawing of the same frame, and the most that the autoencoder allows.
- The nearest style: of all teachers' drawings of a frame, is the right one the nearest?
- Palettes: does the hue (or saturation, or warmth) of the picture move as the words ask?
- Strength: does the picture leave the input steadily as strength grows?
- Sizes: does the PSNR hold from 192 to 512 pixels, 4:3, 16:9 and square?
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V
from training.captions import STYLE_WORDS
from training.teachers import TEACHERS
from training.toning import INKS

LINE_STYLES = ("pencil", "linocut", "comic", "neon", "blueprint")
LEAST_DB, LEAST_LINES_DB, LEAST_NEAREST = 20.0, 18.0, 11 / 12
SIZES = ((192, 192), (256, 192), (384, 288), (512, 288), (512, 512))
PALETTE_BASES = ("pencil sketch", "charcoal drawing", "cartoon")
MOST_HUE_ERROR = 30.0

Draw = Callable[[list[np.ndarray], str, float], list[np.ndarray]]


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures, dB."""
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255.0**2 / max(error, 1e-6)))


def drawing_engine(folder: Path, *, width: int = 256, height: int = 256) -> tuple[StreamV2V, Draw]:
    """An engine with one slot and no bank, and how it draws frames one by one for a prompt and a strength."""
    config = StreamConfig(model=str(folder), width=width, height=height, slots=1, bank=BankConfig(kind="off"))
    engine = StreamV2V.from_pretrained(config)

    def draw(frames: list[np.ndarray], prompt: str, strength: float) -> list[np.ndarray]:
        return list(engine.translate(frames, Controls(prompt=prompt, strength=strength)))

    return engine, draw


def style_gate(draw: Draw, frames: list[np.ndarray], *, strength: float = 0.5) -> dict[str, Any]:
    """PSNR to the teacher and nearest style, for each style and over all."""
    wanted = {style: [teacher(frame) for frame in frames] for style, teacher in TEACHERS.items()}
    rows = {}
    for style in TEACHERS:
        drawn = draw(frames, STYLE_WORDS[style][0], strength)
        near = {k: [psnr(a, b) for a, b in zip(drawn, pictures, strict=True)] for k, pictures in wanted.items()}
        best = [max(near, key=lambda k: near[k][i]) for i in range(len(frames))]
        rows[style] = {"psnr": float(np.mean(near[style])), "nearest": float(np.mean([b == style for b in best]))}
    styles = [s for s in rows if s != "photo"]
    lines = [rows[s]["psnr"] for s in LINE_STYLES]
    facts = {
        "mean_psnr": float(np.mean([rows[s]["psnr"] for s in styles])),
        "line_psnr": float(np.mean(lines)),
        "nearest": float(np.mean([rows[s]["nearest"] for s in styles])),
    }
    passed = facts["mean_psnr"] > LEAST_DB and facts["line_psnr"] > LEAST_LINES_DB and facts["nearest"] >= LEAST_NEAREST
    return {"styles": rows, **facts, "passed": passed}


def hue_of(pictures: Iterable[np.ndarray]) -> float:
    """The mean hue, degrees, every pixel weighted by its chroma."""
    total = 0j
    for picture in pictures:
        hsv = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2HSV)
        total += np.sum(hsv[..., 1] * hsv[..., 2] * np.exp(1j * np.deg2rad(hsv[..., 0])))
    return float(np.rad2deg(np.angle(total)) % 360)


def saturation_of(pictures: Iterable[np.ndarray]) -> float:
    """Mean chroma (largest minus smallest channel), grey levels."""
    return float(np.mean([np.ptp(picture.astype(np.int16), axis=-1).mean() for picture in pictures]))


def warmth_of(pictures: Iterable[np.ndarray]) -> float:
    """Mean red minus blue, grey levels."""
    return float(np.mean([picture[..., 0].mean() - picture[..., 2].mean() for picture in pictures]))


def palette_gate(draw: Draw, frames: list[np.ndarray], *, strength: float = 0.5) -> dict[str, Any]:
    """For each palette, whether the picture's colours moved as asked, in every base style."""
    found: dict[str, Any] = {}
    for base in PALETTE_BASES:
        plain = draw(frames, base, strength)
        for name, ink in INKS.items():
            asked = colorsys.rgb_to_hsv(*ink)[0] * 360
            hue = hue_of(draw(frames, f"{base} in {name}", strength))
            error = abs((hue - asked + 180) % 360 - 180)
            found[f"{base} in {name}"] = {"hue_error": error, "passed": error <= MOST_HUE_ERROR}
        for words, measure, sign in (
            ("in black and white", saturation_of, -1),
            ("in warm colours", warmth_of, 1),
            ("in cold colours", warmth_of, -1),
            ("in pastel colours", saturation_of, -1),
            ("in bright colours", saturation_of, 1),
        ):
            if base != "cartoon" and measure is saturation_of:
                continue  # a drawing in grey has no colour to lose or gain
            change = measure(draw(frames, f"{base} {words}", strength)) - measure(plain)
            found[f"{base} {words}"] = {"change": change, "passed": change * sign > 0}
    return {"palettes": found, "passed": all(entry["passed"] for entry in found.values())}


def strength_gate(draw: Draw, frames: list[np.ndarray], prompts: list[str]) -> dict[str, Any]:
    """Mean distance from the input at strengths 0, 0.1 .. 1, and whether it never falls by more than noise."""
    curves = {}
    for prompt in prompts:
        curves[prompt] = [
            float(np.mean(np.abs(np.stack(draw(frames, prompt, s / 10)).astype(np.int16) - np.stack(frames))))
            for s in range(11)
        ]
    # the last of the look comes in small steps: a twentieth of the whole way counts as level
    steady = {p: all(b >= a - 0.05 * max(c) for a, b in pairwise(c)) for p, c in curves.items()}
    return {"curves": curves, "passed": all(steady.values())}


def size_gate(folder: Path, originals: list[np.ndarray]) -> dict[str, Any]:
    """Mean PSNR to the teachers at several sizes, and whether none falls far behind the square of 256."""
    found = {}
    for width, height in ((256, 256), *SIZES):
        frames = [cv2.resize(o, (width, height), interpolation=cv2.INTER_AREA) for o in originals]
        engine, draw = drawing_engine(folder, width=width, height=height)
        with engine:
            values = [
                psnr(drawn, TEACHERS[style](frame))
                for style in ("pencil", "charcoal", "cartoon", "neon", "vintage", "popart")
                for drawn, frame in zip(draw(frames, STYLE_WORDS[style][0], 0.5), frames, strict=True)
            ]
        found[f"{width}x{height}"] = float(np.mean(values))
    return {"sizes": found, "passed": min(found.values()) > found["256x256"] - 3}


def check_model(folder: Path, frames: list[np.ndarray]) -> dict[str, Any]:
    """All gates on the exported model in `folder`, with frames [256, 256, 3] of people it never saw."""
    engine, draw = drawing_engine(folder)
    with engine:
        few = frames[::2] or frames
        facts = {
            "style": style_gate(draw, frames),
            "palette": palette_gate(draw, few),
            "strength": strength_gate(draw, few, [STYLE_WORDS[s][0] for s in ("pencil", "cartoon", "neon", "vintage")]),
        }
    facts["size"] = size_gate(folder, few)
    return facts


def report(facts: dict[str, Any]) -> str:
    """The facts as lines for people."""
    style, lines = facts["style"], [f"{'style':13}{'PSNR dB':>8}{'nearest':>9}"]
    lines += [f"{name:13}{row['psnr']:8.1f}{row['nearest']:9.0%}" for name, row in style["styles"].items()]
    lines.append(
        f"mean {style['mean_psnr']:.1f} dB (wanted: over {LEAST_DB:.0f}), line styles {style['line_psnr']:.1f} dB "
        f"(over {LEAST_LINES_DB:.0f}), nearest style right {style['nearest']:.0%} (at least {LEAST_NEAREST:.0%})"
    )
    wrong = [words for words, entry in facts["palette"]["palettes"].items() if not entry["passed"]]
    lines.append(f"palettes: {len(wrong)} of {len(facts['palette']['palettes'])} wrong: {', '.join(wrong) or 'none'}")
    for prompt, curve in facts["strength"]["curves"].items():
        lines.append(f"strength 0..1, {prompt:16}" + " ".join(f"{value:5.1f}" for value in curve))
    lines.append("PSNR by size: " + ", ".join(f"{size} {value:.1f}" for size, value in facts["size"]["sizes"].items()))
    lines += [f"gate {name}: {'passed' if entry['passed'] else 'NOT passed'}" for name, entry in facts.items()]
    return "\n".join(lines)
