"""Make a network's static graphs for OpenVINO beside the running one, and see that they give its results."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..config import StreamConfig
from ..controls import Controls
from ..models.loading import Components
from .compiling import Deviates, Example, network
from .openvino_runtime import GraphFolder, the_runtime
from .static_networks import StaticCall, shapes_of, static_network

FORM = 1
"""Of the graphs on disk; raised when what is traced changes."""
TOLERANCE = 2e-3
"""Largest deviation (RMS, relative) that counts as rounding."""
NOISE_FRAMES = 2


def folder_for(config: StreamConfig, components: Components, part: str, cache: Path) -> Path:
    """Where the graphs of `part` lie: a place for its weights, its shapes and all versions that had a hand in them."""
    import diffusers

    openvino = the_runtime()
    told = hashlib.blake2b(digest_size=12)
    made_by = (FORM, openvino.__version__, torch.__version__, diffusers.__version__, platform.machine())
    bank = repr(config.bank) if part == "unet" else ""
    shape = (part, config.width, config.height, config.slots, config.sequential, config.guidance, bank)
    told.update(repr((made_by, shape)).encode())
    for name, tensor in network(components, part).state_dict().items():
        numbers = tensor.detach().cpu().contiguous()
        told.update(f"{name} {tuple(numbers.shape)} {numbers.dtype}".encode())
        told.update(numbers.flatten().view(torch.uint8).numpy().data)
    return cache / f"openvino-{openvino.__version__}" / f"{part}-{told.hexdigest()}"


def draw_noise(engine: Any) -> None:
    """Draw a few frames of noise, so that the bank holds something to compare with."""
    draw = np.random.default_rng(0)
    for _ in range(NOISE_FRAMES):
        frame = draw.integers(0, 255, (engine.config.height, engine.config.width, 3), dtype=np.uint8)
        engine(frame, Controls(update_interval=1, motion_gate=0.5, fusion_softness=0.03), now_s=0.0)


def convert_part(components: Components, part: str, examples: Sequence[Example], folder: Path) -> float:
    """Convert `part` for the shapes of `examples`, and compare it with the running network.

    Returns:
        largest deviation of a result, RMS, relative.
    Raises:
        Deviates: by more than rounding.
        Unfit: no static graph is made of it.
        Exception: whatever tracing, converting and loading fail with.
    """
    graphs = GraphFolder(folder)
    with torch.inference_mode():
        module = static_network(components, part)
        gather = StaticCall(components, part, {})
        calls = {}
        for example in examples:
            values = gather.values(*example.args, **example.kwargs)
            calls.setdefault(shapes_of(values), values)
    # inference tensors cannot be traced, and clones of them made outside of inference mode can
    graphs.write(module, [[value.clone() for value in values] for values in calls.values()])
    call = StaticCall(components, part, graphs.read())
    try:
        deviation = _deviation(call, examples)
        if not deviation <= TOLERANCE:
            raise Deviates(f"the converted {part} deviates by {deviation:.2g} of its result (allowed is {TOLERANCE:g})")
    except BaseException:
        graphs.discard()
        raise
    return deviation


@torch.inference_mode()
def _deviation(call: StaticCall, examples: Sequence[Example]) -> float:
    deviation = 0.0
    for example in examples:
        wanted = _first(call.plain(*example.args, **example.kwargs)).clone()
        found = _first(call(*example.args, **example.kwargs))
        deviation = max(deviation, float((found - wanted).norm() / wanted.norm().clamp(min=1e-12)))
    return deviation


def _first(result: Any) -> Tensor:
    return result if isinstance(result, Tensor) else result[0]
