"""Structure networks in a stream without a bank against diffusers' own pipelines of the same parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LCMScheduler, MultiControlNetModel
from steered import PROMPT, SEED, SIDE, STEPS, STRENGTH, a_frame, shown
from tiny import scheduler_config, tiny_adapter, tiny_components, tiny_controlnet

from streamv2v import BankConfig, Components, Controls, StreamConfig, StreamV2V
from streamv2v.frames import to_picture
from streamv2v.models.structure_networks import StructureNetwork

KINDS = {"one": ("canny",), "two": ("lineart", "picture")}


def networks(unet: Any, kinds: tuple[str, ...]) -> tuple[StructureNetwork, ...]:
    return tuple(StructureNetwork(tiny_controlnet(unet, seed), kind, kind) for seed, kind in enumerate(kinds))


def engine_of(components: Components, **settings: Any) -> StreamV2V:
    settings = {"slots": STEPS, "bank": BankConfig(kind="off"), **settings}
    return StreamV2V(StreamConfig(width=SIDE, height=SIDE, dtype="float32", **settings), components)


def latent_of(engine: StreamV2V, **changes: Any) -> torch.Tensor:
    """What the engine makes of the frame, before it is decoded."""
    engine(a_frame(), Controls(prompt=PROMPT, strength=STRENGTH, seed=SEED, **changes), now_s=0.0)
    return engine._stream.leaving.clone()


def by_diffusers(components: Components, controlnet: Any, pictures: Any, scale: Any, guidance: float) -> torch.Tensor:
    from diffusers import StableDiffusionControlNetImg2ImgPipeline

    made: Any = StableDiffusionControlNetImg2ImgPipeline
    pipe = made(
        vae=components.vae,
        text_encoder=components.text_encoder,
        tokenizer=components.tokenizer,
        unet=components.unet,
        controlnet=controlnet,
        scheduler=LCMScheduler(**scheduler_config()),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        PROMPT,
        image=to_picture(torch.from_numpy(a_frame())) / 2 + 0.5,
        control_image=pictures,
        strength=STRENGTH,
        num_inference_steps=round(STEPS / STRENGTH),
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(SEED),
        controlnet_conditioning_scale=scale,
        output_type="latent",
    ).images


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("guidance", ["none", "full"])
@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_controlnets_are_those_of_the_pipeline(
    tmp_path: Path, kinds: tuple[str, ...], guidance: str, sequential: bool
) -> None:
    components = tiny_components(tmp_path)
    components.structure = networks(components.unet, kinds)
    weights = dict(zip(("structure_weight", "structure_weight_2"), (0.7, 1.3), strict=True))
    pull = 1.0 if guidance == "none" else 3.0
    engine = engine_of(components, guidance=guidance, sequential=sequential)
    found = latent_of(engine, guidance_scale=pull, **weights)
    modules, pictures = [one.module for one in components.structure], [shown(kind) for kind in kinds]
    if len(kinds) == 1:
        wanted = by_diffusers(components, modules[0], pictures[0], 0.7, pull)
    else:
        wanted = by_diffusers(components, MultiControlNetModel(modules), pictures, [0.7, 1.3], pull)
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)
    without = latent_of(engine_of(components, guidance=guidance), guidance_scale=pull, structure_weight=0.0)
    assert len(kinds) > 1 or float((without - found).abs().max()) > 0.05, "the network does nothing"


def test_a_controlnet_at_weight_nothing_is_no_controlnet(tmp_path: Path) -> None:
    components = tiny_components(tmp_path)
    plain = latent_of(engine_of(components))
    components.structure = networks(components.unet, ("canny",))
    assert torch.equal(latent_of(engine_of(components), structure_weight=0.0), plain)


def test_a_union_knows_which_kind_it_is_shown(tmp_path: Path) -> None:
    components = tiny_components(tmp_path)
    union = tiny_controlnet(components.unet, union=True)
    found = {}
    for kind in ("canny", "softedge"):
        components.structure = (StructureNetwork(union, kind, "union"),)
        engine = engine_of(components, slots=1)
        found[kind] = latent_of(engine)
        given = engine._stream._given(0, 1)
        place = {"canny": 3, "softedge": 2}[kind]
        with torch.inference_mode():
            down, mid = union(
                given.sample,
                given.timesteps,
                encoder_hidden_states=given.text,
                controlnet_cond=[shown(kind)],
                control_type=torch.nn.functional.one_hot(torch.tensor([place]), 8).float(),
                control_type_idx=[place],
                return_dict=False,
            )
        for answer, wanted in zip(engine._stream.structure.guides[0].answers, [*down, mid], strict=True):
            torch.testing.assert_close(answer, wanted)
    assert not torch.allclose(found["canny"], found["softedge"])


@pytest.mark.parametrize("sequential", [False, True])
def test_an_adapter_is_that_of_the_pipeline(tmp_path: Path, sequential: bool) -> None:
    from diffusers import StableDiffusionAdapterPipeline

    components = tiny_components(tmp_path)
    adapter = tiny_adapter(components.unet, colours=3)
    components.structure = (StructureNetwork(adapter, "softedge", "adapter"),)
    engine = engine_of(components, sequential=sequential)
    controls = Controls(prompt=PROMPT, strength=1.0, seed=SEED, structure_weight=0.7)
    engine(a_frame(), controls, now_s=0.0)
    found = engine._stream.leaving.clone()
    stream, schedule = engine._stream, engine._schedule
    begun = schedule.signal[:1] * stream.entering + schedule.noise[:1] * stream.noise[:1]
    generator = torch.Generator().manual_seed(SEED)
    torch.randn(begun.shape, generator=generator)  # what the first step was noised with
    made: Any = StableDiffusionAdapterPipeline
    pipe = made(
        vae=components.vae,
        text_encoder=components.text_encoder,
        tokenizer=components.tokenizer,
        unet=components.unet,
        adapter=adapter,
        scheduler=LCMScheduler(**scheduler_config()),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    wanted = pipe(
        PROMPT,
        image=shown("softedge"),
        width=SIDE,
        height=SIDE,
        num_inference_steps=STEPS,
        guidance_scale=1.0,
        latents=begun.clone(),
        generator=generator,
        adapter_conditioning_scale=0.7,
        output_type="latent",
    ).images
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)
