"""The SDXL family in the engine: the pictures of diffusers' own pipeline, every bank, live without a capture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from changing import PROMPTS, clip, looks, seeing
from diffusers import StableDiffusionXLImg2ImgPipeline
from PIL import Image
from tape import TapedGraphs
from tiny_sdxl import FIRST, POOLED, SECOND, sdxl_components, sdxl_pipe, sdxl_unet

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V
from streamv2v.stream.prompt import encoder_of
from streamv2v.tuning.compiling import Examples

SIZE: dict[str, Any] = {"width": 96, "height": 64, "dtype": "float32", "device": "cpu"}
OFF = BankConfig(kind="off")


def picture() -> np.ndarray:
    return clip(1, width=96, height=64)[0]


@pytest.mark.parametrize(
    ("slots", "guidance", "look"),
    [
        (1, "none", {}),
        (3, "none", {"strength": 0.9, "clip_skip": 2}),
        (2, "full", {"guidance_scale": 3.0, "negative_prompt": "red night"}),
        (2, "full", {"guidance_scale": 3.0}),
    ],
    ids=["one step", "three steps, the layer before", "guided", "guided away from nothing"],
)
def test_without_a_bank_a_frame_is_that_of_diffusers_own_pipeline(
    tmp_path: Path, slots: int, guidance: str, look: dict[str, Any]
) -> None:
    pipe = sdxl_pipe(tmp_path)
    config = StreamConfig(**SIZE, slots=slots, sequential=True, guidance=guidance, bank=OFF)
    controls = Controls(**{"prompt": "a red man", "strength": 0.6, **look})
    with StreamV2V(config, sdxl_components(pipe)) as engine:
        found = engine(picture(), controls, now_s=0.0)
        latent, noise = engine._stream.leaving.clone(), engine._stream.noise.clone()

    drawn = iter(noise)
    theirs: Any = StableDiffusionXLImg2ImgPipeline(**pipe.components, add_watermarker=False)
    theirs.set_progress_bar_config(disable=True)
    steps = [round(1000 * controls.strength * (slots - slot) / slots) - 1 for slot in range(slots)]
    with pytest.MonkeyPatch.context() as given:
        # the same noise: theirs is drawn step by step, ours for all slots at once
        same = lambda *_shape, **_options: next(drawn)[None]  # noqa: E731
        given.setattr("diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_img2img.randn_tensor", same)
        given.setattr("diffusers.schedulers.scheduling_lcm.randn_tensor", same)
        wanted = theirs(
            prompt=controls.prompt,
            negative_prompt=controls.negative_prompt or None,
            image=Image.fromarray(picture()),
            strength=1.0,
            num_inference_steps=slots,
            timesteps=steps,
            guidance_scale=controls.guidance_scale if guidance == "full" else 0.0,
            clip_skip=controls.clip_skip - 1 or None,
            output_type="latent",
        ).images
    torch.testing.assert_close(latent, wanted, rtol=1e-3, atol=1e-4)
    with torch.no_grad():
        levels = theirs.image_processor.postprocess(pipe.vae.decode(wanted).sample, output_type="np")[0]
    assert np.abs(found.astype(int) - np.round(levels * 255).astype(int)).max() <= 1


def engine_of(folder: Path, *, graphs: Any = None, **settings: Any) -> StreamV2V:
    unet = sdxl_unet(block_out_channels=(16,), down_block_types=("CrossAttnDownBlock2D",),
                     up_block_types=("CrossAttnUpBlock2D",), transformer_layers_per_block=(2,))  # fmt: skip
    config = StreamConfig(**{**SIZE, "width": 64, "slots": 2, **settings})
    return StreamV2V(config, seeing(sdxl_components(sdxl_pipe(folder, unet=unet))), graphs=graphs)


KINDS: dict[str, dict[str, Any]] = {
    "off": {"bank": OFF},
    "paper": {},
    "best, guided": {"bank": BankConfig.best(), "guidance": "full"},
    "queue, residual guidance": {"bank": BankConfig(kind="queue", queue_length=2), "guidance": "initialize"},
    "windows": {"bank": BankConfig.best(matching="window", window=1), "width": 128, "height": 128},
    "fp8, one after another": {"bank": BankConfig(storage="fp8"), "sequential": True},
}
QUICK = ("best, guided",)


@pytest.mark.parametrize(
    "settings",
    [pytest.param(kind, id=name, marks=() if name in QUICK else pytest.mark.slow) for name, kind in KINDS.items()],
)
def test_every_bank_runs_and_live_changes_capture_nothing(tmp_path: Path, settings: dict[str, Any]) -> None:
    plain, graphs = engine_of(tmp_path, **settings), TapedGraphs()
    taped = engine_of(tmp_path, graphs=graphs, **settings)
    taped.remember((*PROMPTS, ""))
    taped.warm_up()
    captures, held = graphs.captures, taped._stream.added._held
    addresses = [tensor.data_ptr() for tensor in held.values()]
    frames = clip(28, width=taped.config.width, height=taped.config.height)
    for number, (frame, look) in enumerate(zip(frames, looks(28), strict=True)):
        wanted = plain(frame, look, now_s=0.03 * number)
        assert np.array_equal(wanted, taped(frame, look, now_s=0.03 * number)), f"frame {number}"
    assert graphs.captures == captures, "something was captured after the warm-up"
    assert [tensor.data_ptr() for tensor in held.values()] == addresses


def test_the_vector_of_the_whole_acts_blends_and_glides(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, bank=OFF, guidance="full")
    encoder, held = engine.prompts, engine._stream.added._held["text_embeds"]
    red, oil = encoder.encode("red night").pooled, encoder.encode("oil painting").pooled
    assert red.shape == (1, POOLED) and not torch.allclose(red, oil)
    frame = clip(1)[0]
    look = Controls(prompt="red night", transition_s=2.0, negative_prompt="man")
    engine(frame, look, now_s=0.0)
    torch.testing.assert_close(held, torch.cat([encoder.encode("man").pooled.repeat(2, 1), red.repeat(2, 1)]))
    engine(frame, look.patched({"prompt": "oil painting"}), now_s=1.0)
    engine(frame, look.patched({"prompt": "oil painting"}), now_s=2.0)
    torch.testing.assert_close(held[2:], ((red + oil) / 2).repeat(2, 1))
    blend = encoder.blend("red night", [("oil painting", 3.0)])
    torch.testing.assert_close(blend.pooled, (red + 3 * oil) / 4)


def test_the_picture_is_told_as_whole_and_of_its_own_size(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, bank=OFF, width=96)
    assert engine._stream.added._held["time_ids"].tolist() == [[64, 96, 0, 0, 64, 96]] * 2


def test_both_encoders_read_weights_and_chunks_and_the_first_chunk_speaks_for_the_whole(tmp_path: Path) -> None:
    encoder = encoder_of(sdxl_components(sdxl_pipe(tmp_path)))
    plain, weighed, two = (encoder.encode(text) for text in ("a red man", "a (red:1.5) man", "a red man BREAK oil"))
    changed = (plain.tokens - weighed.tokens).abs()[0, 2]
    assert changed[:FIRST].max() > 0 and changed[FIRST:].max() > 0
    torch.testing.assert_close(weighed.pooled, plain.pooled)
    assert two.tokens.shape == (1, 32, FIRST + SECOND)
    torch.testing.assert_close(two.tokens[:, :16], plain.tokens)
    torch.testing.assert_close(two.pooled, plain.pooled)


def test_an_empty_negative_prompt_is_nothing_where_the_model_was_made_so(tmp_path: Path) -> None:
    for zeros in (True, False):
        pipe = sdxl_pipe(tmp_path / str(zeros), force_zeros_for_empty_prompt=zeros)
        empty = encoder_of(sdxl_components(pipe)).encode_negative("")
        assert bool(empty.tokens.any()) is bool(empty.pooled.any()) is not zeros
        assert encoder_of(sdxl_components(pipe)).encode_negative("red").pooled.any()


def test_another_prompt_is_no_other_call_to_compile_for(tmp_path: Path) -> None:
    components, examples = sdxl_components(sdxl_pipe(tmp_path)), Examples()
    with StreamV2V(StreamConfig(**SIZE, slots=1), components) as engine, examples.watching(components):
        for number, prompt in enumerate(PROMPTS):
            engine(picture(), Controls(prompt=prompt, transition_s=0.0), now_s=float(number))
    (call,) = examples.calls["unet"]
    assert set(call.kwargs["added_cond_kwargs"]) == {"text_embeds", "time_ids"}
