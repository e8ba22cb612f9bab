"""A ControlNet and a ControlNet-Union of the SDXL family against diffusers' own pipelines of the same parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionXLControlNetImg2ImgPipeline, StableDiffusionXLControlNetUnionImg2ImgPipeline
from steered import PROMPT, SEED, SIDE, STEPS, STRENGTH, a_frame, shown
from tiny import tiny_controlnet
from tiny_sdxl import sdxl_components, sdxl_pipe

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V
from streamv2v.frames import to_picture
from streamv2v.models.structure_networks import StructureNetwork


@pytest.mark.parametrize("union", [False, True])
def test_one_of_the_sdxl_family_is_that_of_the_pipeline(tmp_path: Path, union: bool) -> None:
    pipe = sdxl_pipe(tmp_path)
    network = tiny_controlnet(pipe.unet, union=union)
    components = sdxl_components(pipe)
    components.structure = (StructureNetwork(network, "canny", "canny"),)
    config = StreamConfig(
        width=SIDE, height=SIDE, dtype="float32", slots=STEPS, sequential=True, bank=BankConfig(kind="off")
    )
    with StreamV2V(config, components) as engine:
        engine(a_frame(), Controls(prompt=PROMPT, strength=STRENGTH, seed=SEED, structure_weight=0.7), now_s=0.0)
        found = engine._stream.leaving.clone()
    kind: Any = StableDiffusionXLControlNetUnionImg2ImgPipeline if union else StableDiffusionXLControlNetImg2ImgPipeline
    theirs = kind(**pipe.components, controlnet=network, add_watermarker=False)
    theirs.set_progress_bar_config(disable=True)
    more: dict[str, Any] = {"control_mode": 3} if union else {}
    wanted = theirs(
        PROMPT,
        image=to_picture(torch.from_numpy(a_frame())) / 2 + 0.5,
        control_image=shown("canny"),
        strength=STRENGTH,
        num_inference_steps=round(STEPS / STRENGTH),
        guidance_scale=1.0,
        generator=torch.Generator().manual_seed(SEED),
        controlnet_conditioning_scale=0.7,
        output_type="latent",
        **more,
    ).images
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-3)
