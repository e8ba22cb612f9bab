"""Reference pictures in a stream of the SDXL family, against diffusers' own image-to-image pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from changing import clip
from diffusers import StableDiffusionXLImg2ImgPipeline
from tiny_references import a_picture, drawn_by_diffusers, save_ip_adapter
from tiny_sdxl import save_sdxl, sdxl_components, sdxl_pipe

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V, load_components
from streamv2v.config import OWN_VAE

SIDE, SEED, STEPS, STRENGTH, WEIGHT = 64, 5, 2, 0.4, 0.7
PROMPT, NEGATIVE = "a red man", "red night"


def by_diffusers(folder: Path, sort: str, frame: np.ndarray, pull: float) -> torch.Tensor:
    made: Any = StableDiffusionXLImg2ImgPipeline
    pipe = made(**sdxl_pipe(folder).components, add_watermarker=False)
    asked: dict[str, Any] = {"prompt": PROMPT, "negative_prompt": NEGATIVE, "guidance_scale": pull}
    return drawn_by_diffusers(pipe, sort, frame, weight=WEIGHT, strength=STRENGTH, steps=STEPS, seed=SEED, **asked)


@pytest.mark.parametrize(("sort", "guidance"), [("plain", "none"), ("plus", "full")])
def test_a_reference_of_the_sdxl_family_is_that_of_the_pipeline(tmp_path: Path, sort: str, guidance: str) -> None:
    frame, pull = clip(1)[0], 1.0 if guidance == "none" else 3.0
    model = save_sdxl(tmp_path / "model")
    adapter = save_ip_adapter(tmp_path / "adapter", sdxl_pipe(tmp_path / "pipe").unet, sort)
    config = StreamConfig(
        model=str(model), vae=OWN_VAE, ip_adapter=str(adapter), width=SIDE, height=SIDE, dtype="float32", device="cpu",
        slots=STEPS, bank=BankConfig(kind="off"), guidance=guidance,
    )  # fmt: skip
    look = Controls(prompt=PROMPT, negative_prompt=NEGATIVE, strength=STRENGTH, seed=SEED, guidance_scale=pull)
    found = {}
    with StreamV2V(config, load_components(config)) as engine:
        engine.references.put("mine", a_picture())
        for weight in (0.0, WEIGHT):
            engine.reset()
            engine(frame, look.patched({"reference": "mine", "reference_weight": weight}), now_s=0.0)
            found[weight] = engine._stream.leaving.clone()
    wanted = by_diffusers(tmp_path / "theirs", sort, frame, pull)
    torch.testing.assert_close(found[WEIGHT], wanted, atol=2e-5, rtol=1e-4)
    assert float((found[WEIGHT] - found[0.0]).abs().max()) > 0.02, "the reference does nothing"
    with StreamV2V(config, sdxl_components(sdxl_pipe(tmp_path / "plain"))) as plain:
        plain(frame, look, now_s=0.0)
        torch.testing.assert_close(found[0.0], plain._stream.leaving, atol=2e-5, rtol=1e-4)
