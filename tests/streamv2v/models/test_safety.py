"""The safety hook: a flagged picture never leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from tiny import save_tiny_model
from transformers import CLIPConfig
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from streamv2v import StreamConfig, StreamV2V
from streamv2v.models.safety import SafetyHook


class BrightnessChecker(torch.nn.Module):
    """A checker of the same call shape that objects to bright pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, *, images: np.ndarray, clip_input: torch.Tensor) -> tuple[np.ndarray, list[bool]]:
        return images, [float(images.mean()) > 0.5]


def processor() -> Any:
    return CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


def test_a_flagged_picture_is_replaced_by_the_last_that_passed() -> None:
    hook = SafetyHook(BrightnessChecker(), processor())
    dark, bright = np.full((40, 48, 3), 30, np.uint8), np.full((40, 48, 3), 220, np.uint8)
    assert not hook(bright).any(), "black, since none has passed"
    assert np.array_equal(hook(dark), dark)
    assert np.array_equal(hook(bright), dark)
    assert hook.flagged == 2


def test_a_model_that_carries_a_checker_runs_with_it(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path)
    settings = CLIPConfig(
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 16,
        },
        projection_dim=8,
    )
    pipe = StableDiffusionPipeline.from_pretrained(str(folder), safety_checker=None)
    pipe.register_modules(safety_checker=StableDiffusionSafetyChecker(settings), feature_extractor=processor())
    pipe.save_pretrained(str(folder))
    config = StreamConfig(
        model=str(folder), width=64, height=64, dtype="float32", device="cpu", safety_checker=True, offline=True
    )
    with StreamV2V.from_pretrained(config) as engine:
        assert engine(np.zeros((64, 64, 3), np.uint8)).shape == (64, 64, 3)
        assert engine.components.safety_checker is not None
