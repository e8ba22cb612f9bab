"""Is the model good enough to ship? Measured through the engine itself, on people the training never saw.

- PSNR of each style to the teacher's own drawing of the same frame, of painted ones as a mean, of those that the last
  model had beside what that one reached.
- Strokes: is there as much drawn detail as in the teacher's picture? Eyes and mouth: do their edges lie where they are?
- The nearest style: of all teachers' drawings of a frame, is the right one the nearest?
- Palettes: does the hue (or saturation, or warmth) of the picture move as the words ask? Are two inks no mixture?
- Sentences that name no look: are they nearer to the general paint than to the bare photo?
- Strength: does the picture leave the input steadily as strength grows?
- Sizes: does the PSNR hold from 192 to 512 pixels, 4:3, 16:9 and square?
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V
from training.bare import bare_gate, words_alone
from training.captions import STYLE_WORDS
from training.faces import feature_boxes, find_features
from training.looks_targets import Teacher
from training.measures import psnr
from training.painters import PAINTED
from training.strokes import Box, features_agree, stroke_energy
from training.teachers import GENERAL, TEACHERS
from training.toning import INKS, apply_palette

LINE_STYLES = ("pencil", "linocut", "comic", "neon", "blueprint")
LEAST_DB, LEAST_LINES_DB, LEAST_NEAREST, LEAST_PAINTED_DB = 20.0, 18.0, 0.95, 19.0
# What the model before the painters reached in the styles that were kept, dB; a little may be lost for the rest.
KEPT_DB = {
    "photo": 30.0, "pencil": 21.4, "charcoal": 28.3, "linocut": 20.3, "comic": 20.5, "cartoon": 21.9, "neon": 18.7,
    "blueprint": 17.8, "pixel": 23.5, "vintage": 32.0, "thermal": 19.7, "popart": 19.4, "glitch": 20.5,
}  # fmt: skip
KEPT_LOSS_DB = 0.5
STROKES = (0.7, 1.3)
FEATURES_LOSS = 0.02
SIZES = ((192, 192), (256, 192), (384, 288), (512, 288), (512, 512))
PALETTE_BASES = ("pencil sketch", "charcoal drawing", "cartoon")
MOST_HUE_ERROR = 30.0
# Two inks, and the single one that lies between them, which a model that mixes them draws.
MIXTURES = {"gold+blue": "green", "red+blue": "purple", "teal+pink": "purple"}
SENTENCES = ("a zombie", "a portrait of a person", "a castle in a forest at night", "claymation", "asdf qwer")

Draw = Callable[[list[np.ndarray], str, float], list[np.ndarray]]


def drawing_engine(folder: Path, *, width: int = 256, height: int = 256) -> tuple[StreamV2V, Draw]:
    """An engine with one slot and no bank, and how it draws frames one by one for a prompt and a strength."""
    config = StreamConfig(model=str(folder), width=width, height=height, slots=1, bank=BankConfig(kind="off"))
    engine = StreamV2V.from_pretrained(config)

    def draw(frames: list[np.ndarray], prompt: str, strength: float) -> list[np.ndarray]:
        return list(engine.translate(frames, Controls(prompt=prompt, strength=strength)))

    return engine, draw


def style_gate(
    draw: Draw, frames: list[np.ndarray], *, teachers: Mapping[str, Teacher] = TEACHERS, strength: float = 0.5
) -> dict[str, Any]:
    """For each style and in all: PSNR to the teacher, nearest style, and the energy of strokes by the teacher's."""
    wanted = {style: [teacher(frame) for frame in frames] for style, teacher in teachers.items()}
    rows, faces = {}, [feature_boxes(found[1]) if (found := find_features(frame)) else [] for frame in frames]
    for style in teachers:
        drawn = draw(frames, STYLE_WORDS[style][0], strength)
        near = {k: [psnr(a, b) for a, b in zip(drawn, pictures, strict=True)] for k, pictures in wanted.items()}
        best = [max(near, key=lambda k: near[k][i]) for i in range(len(frames))]
        strokes = [sum(map(stroke_energy, pictures)) for pictures in (drawn, wanted[style])]
        rows[style] = {"psnr": float(np.mean(near[style])), "nearest": float(np.mean([b == style for b in best]))}
        rows[style]["strokes"] = strokes[0] / max(strokes[1], 1e-6)
        for name, pictures in (("features", drawn), ("features_wanted", wanted[style])):
            rows[style][name] = features_of(pictures, frames, faces)
    styles = [s for s in rows if s != "photo"]
    facts = {
        "mean_psnr": mean_of(rows, "psnr", styles),
        "line_psnr": mean_of(rows, "psnr", LINE_STYLES),
        "painted_psnr": mean_of(rows, "psnr", PAINTED),
        "nearest": mean_of(rows, "nearest", styles),
    }
    passed = (
        facts["mean_psnr"] > LEAST_DB
        and facts["line_psnr"] > LEAST_LINES_DB
        and not facts["painted_psnr"] <= LEAST_PAINTED_DB
        and facts["nearest"] >= LEAST_NEAREST
    )
    return {"styles": rows, **facts, "passed": passed}


def features_of(drawn: list[np.ndarray], frames: list[np.ndarray], faces: list[list[Box]]) -> float:
    """How well eyes and mouths lie where they are in the frames; not a number where no frame has a face."""
    found = [features_agree(a, b, boxes) for a, b, boxes in zip(drawn, frames, faces, strict=True) if boxes]
    return float(np.mean(found or [np.nan]))


def mean_of(rows: Mapping[str, Mapping[str, float]], key: str, styles: Iterable[str]) -> float:
    """The mean of a figure over those of the styles that were measured; not a number where none was."""
    return float(np.mean([rows[style][key] for style in styles if style in rows] or [np.nan]))


def kept_gate(rows: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Whether the styles that the last model had are drawn as well as it drew them; `rows` of `style_gate`."""
    change = {style: rows[style]["psnr"] - least for style, least in KEPT_DB.items() if style in rows}
    return {"change": change, "passed": all(value >= -KEPT_LOSS_DB for value in change.values())}


def stroke_gate(rows: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Whether painted styles have their teachers' energy of strokes, in the mean; `rows` of `style_gate`."""
    mean = mean_of(rows, "strokes", PAINTED)
    return {"mean": mean, "passed": STROKES[0] <= mean <= STROKES[1]}


def feature_gate(rows: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Whether eyes and mouths are as true in painted styles as in their teachers' pictures; `rows` of `style_gate`.

    Never passed where no face was found, or the networks that find them are not installed (`faces.py`).
    """
    drawn, wanted = (mean_of(rows, key, PAINTED) for key in ("features", "features_wanted"))
    return {"drawn": drawn, "wanted": wanted, "passed": drawn >= wanted - FEATURES_LOSS}


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


def two_inks_gate(draw: Draw, frames: list[np.ndarray], *, strength: float = 0.5) -> dict[str, Any]:
    """For pairs of inks on drawings in grey, whether both are there: no single ink's drawing is nearer."""
    found: dict[str, bool] = {}
    for style in ("pencil", "charcoal"):
        plain = [TEACHERS[style](frame) for frame in frames]
        for pair, between in MIXTURES.items():
            one, other = pair.split("+")
            drawn = draw(frames, f"{STYLE_WORDS[style][0]} in {one} and {other}", strength)
            near = {
                palette: np.mean([psnr(a, apply_palette(b, palette)) for a, b in zip(drawn, plain, strict=True)])
                for palette in (pair, one, other, between)
            }
            found[f"{style} in {one} and {other}"] = max(near, key=lambda palette: near[palette]) == pair
    return {"pairs": found, "passed": all(found.values())}


def sentence_gate(
    draw: Draw, frames: list[np.ndarray], *, general: Teacher | None = None, strength: float = 0.5
) -> dict[str, Any]:
    """For sentences that name no look, how near the pictures are to the general paint and to the photo, dB.

    Args:
        general: draws that paint; `teachers.GENERAL` unless given.
    """
    painted, found = [(general or TEACHERS[GENERAL])(frame) for frame in frames], {}
    for words in SENTENCES:
        drawn = draw(frames, words, strength)
        pairs = (("paint", painted), ("photo", frames))
        found[words] = {
            name: float(np.mean([psnr(*pair) for pair in zip(drawn, by, strict=True)])) for name, by in pairs
        }
    return {"sentences": found, "passed": all(entry["paint"] > entry["photo"] for entry in found.values())}


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
            "two_inks": two_inks_gate(draw, few),
            "sentences": sentence_gate(draw, few),
            "bare": bare_gate(draw, few[:2], words_alone(folder)),
            "strength": strength_gate(draw, few, [STYLE_WORDS[s][0] for s in ("pencil", "cartoon", "neon", "vintage")]),
        }
    rows = facts["style"]["styles"]
    facts |= {"kept": kept_gate(rows), "strokes": stroke_gate(rows), "features": feature_gate(rows)}
    facts["size"] = size_gate(folder, few)
    return facts
