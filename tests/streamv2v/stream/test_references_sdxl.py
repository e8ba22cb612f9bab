"""Reference pictures in a stream of the SDXL family, against diffusers' own image-to-image pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from changing import clip
from diffusers import StableDiffusionXLImg2ImgPipeline
from tiny_references import PICTURE, save_ip_adapter, tiny_image_encoder, tiny_ip_adapter
from tiny_sdxl import save_sdxl, sdxl_components, sdxl_pipe
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V, load_components
from streamv2v.config import OWN_VAE
from streamv2v.frames import to_picture

SIDE, SEED, STEPS, STRENGTH, WEIGHT = 64, 5, 2, 0.4, 0.7
PROMPT, NEGATIVE = "a red man", "red night"
REFERENCE = np.kron(
    np.random.default_rng(8).integers(0, 256, (8, 8, 3), dtype=np.uint8), np.ones((4, 4, 1), dtype=np.uint8)
)


def by_diffusers(folder: Path, sort: str, frame: np.ndarray, pull: float) -> torch.Tensor:
    parts = sdxl_pipe(folder)
    pipe: Any = StableDiffusionXLImg2ImgPipeline(
        **{**parts.components, "image_encoder": tiny_image_encoder()},
        add_watermarker=False,
    )
    square = {"height": PICTURE, "width": PICTURE}
    pipe.register_modules(feature_extractor=CLIPImageProcessorPil(size={"shortest_edge": PICTURE}, crop_size=square))
    pipe.load_ip_adapter(tiny_ip_adapter(pipe.unet, sort), subfolder="", weight_name="x.safetensors")
    pipe.set_ip_adapter_scale(WEIGHT)
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        PROMPT,
        negative_prompt=NEGATIVE,
        image=to_picture(torch.from_numpy(frame)) / 2 + 0.5,
        ip_adapter_image=REFERENCE,
        strength=STRENGTH,
        num_inference_steps=round(STEPS / STRENGTH),
        guidance_scale=pull,
        generator=torch.Generator().manual_seed(SEED),
        output_type="latent",
    ).images


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
        engine.references.put("mine", REFERENCE)
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
