"""One cell of the bench: one setting on one clip with one prompt, all that was asked measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from streamv2v import Controls

from .clip_model import ClipModel
from .clips import there_and_back
from .drift import drift, length_of, window_of
from .fidelity import mean_edges, mean_sharpness
from .ghost import ghost
from .scene import Scene, settled
from .settings import Setting
from .settling import changed_stream, settling
from .still import LEAST_LEVELS, flicker
from .streams import Engines
from .warp import mean_error, ratio, warp_errors

MEASURES = ("warp", "still", "ghost", "settle", "fidelity")
"""What is measured unless less is asked for."""
CHANGE_FRAME = 8
"""The prompt changes with this frame."""
GLIDE_S = Controls().transition_s
"""The default glide, measured beside a jump."""


@dataclass(frozen=True)
class Ask:
    """What to measure in every cell.

    Attributes:
        strength: of the look, 0..1.
        measures: of `MEASURES`.
        old_prompt: what the prompt changes from.
        drift_minutes: length of the long run; 0 leaves it out.
        show: frames whose pictures are kept.
    """

    strength: float = 0.5
    measures: tuple[str, ...] = MEASURES
    old_prompt: str = "neon"
    drift_minutes: float = 0.0
    show: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cell:
    """Figures, ready for JSON, and for each frame in `Ask.show` (its picture, the picture before it)."""

    figures: dict[str, Any]
    pictures: dict[int, tuple[np.ndarray, np.ndarray]]


def measure(
    engines: Engines, setting: Setting, scene: Scene, prompt: str, ask: Ask, clip_model: ClipModel | None = None
) -> Cell:
    """Run the streams of one cell and measure them."""
    began_s = time.perf_counter()
    engine = engines.engine(setting, scene.clip.size)
    look = setting.look(prompt, ask.strength)
    frames = scene.clip.frames
    pictures = list(engine.translate(frames, look))
    figures: dict[str, Any] = {"setting": setting.name, "clip": scene.clip.name, "prompt": prompt}
    figures |= {"frames": len(frames), "size": list(scene.clip.size)}
    if "warp" in ask.measures:
        figures |= _warp(scene, pictures)
    if "fidelity" in ask.measures:
        figures["fidelity"] = _fidelity(scene, pictures)
    if "still" in ask.measures or "ghost" in ask.measures:
        figures |= _still_and_ghost(engine, look, scene, ask)
    if "settle" in ask.measures:
        figures["settle"] = _settle(engine, setting, scene, pictures, prompt, ask)
    if ask.drift_minutes > 0:
        figures["drift"] = _drift(engine, look, scene, ask.drift_minutes)
    if clip_model is not None:
        figures["clip_model"] = clip_model.figures(pictures, prompt)._asdict()
    figures["seconds"] = round(time.perf_counter() - began_s, 2)
    shown = {number: (pictures[number], pictures[number - 1]) for number in ask.show if 0 < number < len(pictures)}
    return Cell(figures, shown)


def _warp(scene: Scene, pictures: list[np.ndarray]) -> dict[str, Any]:
    errors = warp_errors(pictures, scene.motions)
    mean, source = mean_error(errors), scene.error
    warp = {
        "l1": mean.l1,
        "mse": mean.mse,
        "l1_to_source": ratio(mean.l1, source.l1),
        "mse_to_source": ratio(mean.mse, source.mse),
        "trusted": float(np.mean([motion.trusted.mean() for motion in scene.motions])),
        "per_frame": [error.l1 for error in errors],
    }
    if scene.locked is None or scene.locked_flicker is None:
        return {"warp": warp, "locked": None}
    own = flicker(pictures, scene.locked)
    locked = {
        **own._asdict(),
        "deviation_to_source": ratio(own.deviation, scene.locked_flicker.deviation, least=LEAST_LEVELS),
        "difference_to_source": ratio(own.difference, scene.locked_flicker.difference, least=LEAST_LEVELS),
        "share": float(scene.locked.mean()),
    }
    return {"warp": warp, "locked": locked}


def _fidelity(scene: Scene, pictures: list[np.ndarray]) -> dict[str, Any]:
    sharp = mean_sharpness(pictures)
    edges = mean_edges(scene.clip.frames, pictures)
    return {"edges": edges, "sharpness": sharp, "sharpness_to_source": ratio(sharp, scene.sharpness)}


def _still_and_ghost(engine: Any, look: Any, scene: Scene, ask: Ask) -> dict[str, Any]:
    pictures = list(engine.translate(scene.still, look))
    result: dict[str, Any] = {}
    if "still" in ask.measures:
        own = flicker(settled(pictures))
        result["still"] = {
            **own._asdict(),
            "deviation_to_source": ratio(own.deviation, scene.still_flicker.deviation),
            "difference_to_source": ratio(own.difference, scene.still_flicker.difference),
        }
    if "ghost" in ask.measures and scene.crossed is not None:
        with_hand = list(engine.translate(scene.crossed.frames, look))
        result["ghost"] = asdict(ghost(pictures, with_hand, scene.crossed.path, scene.crossed.left))
    return result


def _settle(
    engine: Any, setting: Setting, scene: Scene, target: list[np.ndarray], prompt: str, ask: Ask
) -> dict[str, Any]:
    """`target` is the stream that had the prompt from the start: the cell's own."""
    result = {}
    for name, glide_s in (("jump", 0.0), ("glide", GLIDE_S)):
        old = setting.look(ask.old_prompt, ask.strength, transition_s=glide_s)
        new = setting.look(prompt, ask.strength, transition_s=glide_s)
        pictures = changed_stream(engine, scene.clip.frames, old, new, at=CHANGE_FRAME, fps=scene.clip.fps)
        result[name] = asdict(settling(pictures, target, at=CHANGE_FRAME, delay=engine.delay_frames))
    return result


def _drift(engine: Any, look: Any, scene: Scene, minutes: float) -> dict[str, Any]:
    frames = scene.clip.frames
    count = length_of(minutes, scene.clip.fps, len(frames))

    def stream() -> Iterator[tuple[int, np.ndarray]]:
        inputs = (frame for _, frame in there_and_back(frames, count))
        places = (index for index, _ in there_and_back(frames, count))
        yield from zip(places, engine.translate(inputs, look), strict=True)

    return asdict(drift(stream(), count=count, window=window_of(count, scene.clip.fps)))
