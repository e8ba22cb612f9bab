"""The run of the bench: every setting on every clip with every prompt, from the store or measured now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import streamv2v
from streamv2v.config import EMBEDDED_FOLDER, EMBEDDED_MODEL

from .cells import CHANGE_FRAME, MEASURES, Ask, Cell, measure
from .clip_model import ClipModel
from .clips import Clip, read_clip
from .flow import Flow
from .scene import Scene, survey
from .settings import Setting
from .still import Noise
from .store import Store, fingerprint, key_of
from .streams import Engines

UNMEASURED = {"__init__", "bench", "pictures", "settings", "store", "table"}
"""Modules of the bench whose change leaves finished cells valid."""
Say = Callable[[str, Cell, bool], None]
"""Told of every cell: where the run is, the cell, and whether it was measured now."""


@dataclass(frozen=True)
class Order:
    """What a run consists of.

    Attributes:
        clips: video files.
        prompts: of the looks.
        ask: what to measure; its `show` is chosen for each clip where it is empty.
        noise: of the held scenes.
        pixels: about how many a picture has.
        frames, still_frames: most frames of a clip, and length of the held scenes.
        flow_files: weights of the flow network; empty for DIS.
        clip_folder: of the CLIP model, or None.
    """

    clips: Sequence[str]
    settings: Sequence[Setting]
    prompts: Sequence[str]
    ask: Ask = field(default_factory=Ask)
    noise: Noise = field(default_factory=Noise)
    pixels: int = 65536
    frames: int = 40
    still_frames: int = 40
    flow_files: tuple[str, ...] = ()
    clip_folder: str | None = None

    def __post_init__(self) -> None:
        for name in self.ask.measures:
            if name not in MEASURES:
                raise ValueError(f"There is no measure {name!r}; there are {', '.join(MEASURES)}.")
        if "settle" in self.ask.measures and self.frames < 2 * CHANGE_FRAME:
            raise ValueError(
                f"The measure settle needs at least {2 * CHANGE_FRAME} frames, {self.frames} were asked for; raise "
                "--frames or leave settle out of --measures."
            )
        if self.still_frames < 4:
            raise ValueError(f"A held scene needs at least 4 frames, {self.still_frames} were asked for.")


@dataclass(frozen=True)
class ClipResults:
    """One clip's cells, setting by setting and within it prompt by prompt."""

    scene: Scene
    cells: list[Cell]


def run(order: Order, engines: Engines, store: Store, flow: Flow, say: Say) -> Iterator[ClipResults]:
    """Measure everything, clip by clip; what the store has is not measured again."""
    device = str(engines.components.unet.device)
    clip_model = ClipModel(order.clip_folder, device) if order.clip_folder else None
    common = _common(order, engines)
    total = len(order.clips) * len(order.settings) * len(order.prompts)
    done = 0
    for path in order.clips:
        clip = read_clip(path, pixels=order.pixels, most=order.frames)
        scene = _survey(order, clip, engines.base.slots, flow)
        ask = replace(order.ask, show=_shown(order.ask.show, len(clip.frames)))
        cells = []
        for setting, prompt in ((setting, prompt) for setting in order.settings for prompt in order.prompts):
            key = _key(common, clip, setting, prompt, ask)
            found = store.get(key)
            cell = found or measure(engines, setting, scene, prompt, ask, clip_model)
            if found is None:
                store.put(key, cell)
            # Settings of equal content share a cell, clips of equal content too: the names are this row's.
            cell.figures.update(setting=setting.name, clip=clip.name)
            cells.append(cell)
            done += 1
            say(f"{done}/{total}  {clip.name}  {setting.name}  {prompt}", cell, found is None)
        yield ClipResults(scene, cells)


def _survey(order: Order, clip: Clip, slots: int, flow: Flow) -> Scene:
    return survey(
        clip,
        noise=order.noise,
        still_frames=order.still_frames,
        slots=slots,
        flow=flow,
        crossed="ghost" in order.ask.measures,
    )


def _shown(asked: tuple[int, ...], frames: int) -> tuple[int, ...]:
    """Frames for the sheets: those asked for that exist, or three spread over the clip."""
    numbers = asked or (frames // 4, frames // 2, frames - 1)
    return tuple(sorted({number for number in numbers if 0 < number < frames}))


def _common(order: Order, engines: Engines) -> dict[str, Any]:
    """What all cells of a run depend on: code, weights, number format and the order's own values."""
    here = Path(__file__).parent
    code = [path for path in sorted(here.glob("*.py")) if path.stem not in UNMEASURED]
    code += sorted(Path(streamv2v.__file__).parent.rglob("*.py"))
    base = engines.base
    model = str(EMBEDDED_FOLDER) if base.model == EMBEDDED_MODEL else base.model
    weights = [model, *([base.vae] if base.vae else []), *([order.clip_folder] if order.clip_folder else [])]
    stream = {name: getattr(base, name) for name in ("model", "vae", "slots", "scene_cut_threshold", "guidance")}
    return {
        "code": fingerprint(code),
        "weights": fingerprint([*weights, *order.flow_files]),
        "flow": order.flow_files,
        "clip_folder": order.clip_folder,
        "stream": stream,
        "facts": [engines.components.facts.get(name) for name in ("device", "dtype", "loras")],
        "noise": asdict(order.noise),
        "still_frames": order.still_frames,
    }


def _key(common: dict[str, Any], clip: Clip, setting: Setting, prompt: str, ask: Ask) -> str:
    own = {"setting": setting.content(), "clip": [clip.digest, clip.fps], "prompt": prompt, "ask": asdict(ask)}
    return key_of(common | own)
