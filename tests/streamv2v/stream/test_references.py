"""Reference pictures in a stream: against diffusers' pipeline, with every bank, live, without a capture."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from changing import clip
from diffusers import LCMScheduler, StableDiffusionImg2ImgPipeline
from patience import until
from tape import TapedGraphs
from tiny import one_level_unet, scheduler_config, tiny_components, tiny_controlnet, tiny_unet
from tiny_references import SORTS, a_picture, drawn_by_diffusers, tiny_image_encoder, tiny_ip_adapter

from streamv2v import BankConfig, Components, ControlError, Controls, StreamConfig, StreamV2V
from streamv2v.models.ip_adapter import taken_over
from streamv2v.models.structure_networks import StructureNetwork

SIDE, SEED, STEPS, STRENGTH = 64, 5, 2, 0.4
PROMPT = "a red man"
BANKS = {
    "off": BankConfig(kind="off"),
    "paper": BankConfig(),
    "best": BankConfig.best(),
    "queue": BankConfig(kind="queue", queue_length=2),
}


def components_of(folder: Path, sort: str = "plain", unet: Any = None) -> Components:
    """A model with an adapter in its U-Net, put there by diffusers."""
    components = tiny_components(folder, unet=unet or tiny_unet())
    components.unet._load_ip_adapter_weights([tiny_ip_adapter(components.unet, sort)], low_cpu_mem_usage=False)
    components.unet.eval().requires_grad_(False)
    components.adapter = taken_over(components.unet, tiny_image_encoder(), by_vector=sort == "plain", source=sort)
    return components


def by_diffusers(folder: Path, sort: str, frame: np.ndarray, weight: float, pull: float) -> torch.Tensor:
    components = tiny_components(folder)
    made: Any = StableDiffusionImg2ImgPipeline
    pipe = made(
        vae=components.vae,
        text_encoder=components.text_encoder,
        tokenizer=components.tokenizer,
        unet=components.unet,
        scheduler=LCMScheduler(**scheduler_config()),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    asked: dict[str, Any] = {"prompt": PROMPT, "guidance_scale": pull}
    return drawn_by_diffusers(pipe, sort, frame, weight=weight, strength=STRENGTH, steps=STEPS, seed=SEED, **asked)


@pytest.mark.parametrize("guidance", ["none", "full"])
@pytest.mark.parametrize("sort", SORTS)
def test_a_reference_is_that_of_the_pipeline(tmp_path: Path, sort: str, guidance: str) -> None:
    frame, pull = clip(1)[0], 1.0 if guidance == "none" else 3.0
    config = StreamConfig(
        width=SIDE, height=SIDE, dtype="float32", slots=STEPS, bank=BankConfig(kind="off"), guidance=guidance
    )
    engine = StreamV2V(config, components_of(tmp_path / "ours", sort))
    engine.references.put("mine", a_picture())
    look = Controls(prompt=PROMPT, strength=STRENGTH, seed=SEED, guidance_scale=pull)
    found = {}
    for weight in (0.0, 0.7):
        engine.reset()
        engine(frame, look.patched({"reference": "mine", "reference_weight": weight}), now_s=0.0)
        found[weight] = engine._stream.leaving.clone()
    wanted = by_diffusers(tmp_path / "theirs", sort, frame, 0.7, pull)
    torch.testing.assert_close(found[0.7], wanted, atol=2e-5, rtol=1e-4)
    assert float((found[0.7] - found[0.0]).abs().max()) > 0.02, "the reference does nothing"
    plain = StreamV2V(config, tiny_components(tmp_path / "plain"))
    plain(frame, look, now_s=0.0)
    torch.testing.assert_close(found[0.0], plain._stream.leaving, atol=1e-6, rtol=1e-5)


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., StreamV2V]:
    def build(*, graphs: Any = None, structure: bool = False, ahead: bool = True, **settings: Any) -> StreamV2V:
        components = components_of(tmp_path, unet=one_level_unet())
        if structure:
            network = StructureNetwork(tiny_controlnet(components.unet), "canny", "canny")
            components.structure = (network,)
        config = StreamConfig(**{"width": SIDE, "height": SIDE, "dtype": "float32", "slots": 2, **settings})
        engine = StreamV2V(config, components, graphs=graphs)
        for seed in range(3):
            engine.references.put(f"{seed}.png", a_picture(seed))
        if ahead:
            assert engine.references._encoder is not None
            engine.references._encoder.blend([(f"{seed}.png", 1.0) for seed in range(3)])
        return engine

    return build


def latents(engine: StreamV2V, frames: list[np.ndarray], look: Controls) -> torch.Tensor:
    engine.reset()
    found = []
    for frame in frames:
        engine(frame, look, now_s=0.0)
        found.append(engine._stream.leaving.clone())
    return torch.cat(found)


@pytest.mark.parametrize("bank", BANKS.values(), ids=BANKS)
def test_every_bank_runs_with_a_reference_and_remembers_beside_it(
    engine_of: Callable[..., StreamV2V], bank: BankConfig
) -> None:
    engine, frames, look = engine_of(bank=bank, guidance="initialize"), clip(5), Controls(update_interval=2)
    plain = latents(engine, frames, look)
    followed = latents(engine, frames, look.patched({"reference": "0.png"}))
    assert float((plain - followed).abs().max()) > 0.005
    assert engine.references.encoded == 3, "a picture was encoded twice"


def test_references_weights_and_glides_change_without_a_capture(engine_of: Callable[..., StreamV2V]) -> None:
    graphs = TapedGraphs()
    plain, taped = engine_of(structure=True), engine_of(structure=True, graphs=graphs)
    taped.warm_up()
    captures = graphs.captures
    changes: list[dict[str, Any]] = [
        {},
        {"reference": "0.png"},
        {"reference_weight": 1.2},
        {"reference": "1.png"},
        {"structure_weight": 0.0},
        {"reference_blend": (("2.png", 2.0),)},
        {"reference": "", "reference_blend": ()},
        {"structure_weight": 0.5},
    ]
    look = Controls(transition_s=0.04)
    for number, frame in enumerate(clip(24)):
        look = look.patched(changes[number // 3])
        for engine in (plain, taped):
            engine(frame, look, now_s=0.03 * number)
        apart = float((plain._stream.leaving - taped._stream.leaving).abs().max())
        assert apart < 1e-4, f"frame {number}: {changes[number // 3]}"
    assert graphs.captures == captures


def test_one_reference_glides_into_another_and_a_blend_is_their_mean(engine_of: Callable[..., StreamV2V]) -> None:
    engine, frame = engine_of(bank=BankConfig(kind="off")), clip(1)[0]
    references = engine.references

    def told(now_s: float, **changes: Any) -> torch.Tensor:
        engine(frame, Controls(transition_s=1.0, **changes), now_s=now_s)
        return references._told[-1].clone()

    first = told(0.0, reference="0.png")
    second = told(9.0, reference="1.png") * 0 + told(11.0, reference="1.png")
    assert not torch.allclose(first, second)
    told(20.0, reference="0.png")
    torch.testing.assert_close(told(20.5, reference="0.png"), (first + second) / 2)
    torch.testing.assert_close(told(22.0, reference="0.png"), first)
    told(30.0, reference="0.png", reference_blend=(("1.png", 3.0),))
    mixed = told(32.0, reference="0.png", reference_blend=(("1.png", 3.0),))
    torch.testing.assert_close(mixed, (first + 3 * second) / 4)
    assert references.encoded == 3, "a picture was encoded twice"


def test_a_reference_comes_and_goes_by_its_weight(engine_of: Callable[..., StreamV2V]) -> None:
    engine, frame = engine_of(bank=BankConfig(kind="off")), clip(1)[0]
    look = Controls(transition_s=1.0, reference_weight=0.8)
    scales = []
    for now_s, name in ((0.0, ""), (1.0, "0.png"), (1.5, "0.png"), (3.0, "0.png"), (4.0, ""), (4.5, ""), (6.0, "")):
        engine(frame, look.patched({"reference": name}), now_s=now_s)
        scales.append((engine.references.switches != (), round(float(engine.references._scale.value), 3)))
    assert scales == [
        (False, 0.0),
        (False, 0.0),
        (True, 0.4),
        (True, 0.8),
        (True, 0.8),
        (True, 0.4),
        (False, 0.0),
    ]


def test_frames_go_on_while_a_new_picture_is_encoded_and_its_look_begins_when_it_is(
    engine_of: Callable[..., StreamV2V],
) -> None:
    engine, frame, may_end = engine_of(bank=BankConfig(), ahead=False), clip(1)[0], threading.Event()
    references, adapter, bank = engine.references, engine.components.adapter, engine.bank
    assert adapter is not None and bank is not None
    hook = adapter.encoder.register_forward_pre_hook(lambda *_: may_end.wait() and None)
    look = Controls(transition_s=1.0, reference_weight=0.8, bank_change="reset")
    engine(frame, look, now_s=0.0)
    for number in range(1, 4):
        engine(frame, look.patched({"reference": "0.png"}), now_s=float(number))
        assert references.switches == () and references.progress == 1.0, "what is not there yet is followed"
    remembered = bank.frame
    may_end.set()
    assert references._encoder is not None
    references._encoder.blend([("0.png", 1.0)])
    hook.remove()
    engine(frame, now_s=10.0)
    assert bank.frame < remembered and references.progress < 1.0, "the way begins with the picture, not with the wish"
    engine(frame, now_s=10.5)
    assert round(float(references._scale.value), 3) == 0.4
    engine(frame, now_s=11.0)
    assert bank.frame > 0 and round(float(references._scale.value), 3) == 0.8 and references.encoded == 1


def test_a_newer_wish_takes_the_place_of_one_that_is_being_encoded(engine_of: Callable[..., StreamV2V]) -> None:
    engine, frame, may_end = engine_of(bank=BankConfig(kind="off"), ahead=False), clip(1)[0], threading.Event()
    assert engine.components.adapter is not None and engine.references._encoder is not None
    engine.components.adapter.encoder.register_forward_pre_hook(lambda *_: may_end.wait() and None)
    engine(frame, Controls(), now_s=0.0)
    engine(frame, Controls(reference="0.png"), now_s=1.0)
    engine(frame, Controls(), now_s=2.0)
    may_end.set()
    engine.references._encoder.blend([("0.png", 1.0)])
    engine(frame, now_s=9.0)
    engine(frame, now_s=99.0)
    assert engine.references.switches == ()


def test_a_picture_that_nobody_gave_is_refused(engine_of: Callable[..., StreamV2V]) -> None:
    with pytest.raises(ControlError, match="reference: 'other' was refused"):
        engine_of()(clip(1)[0], Controls(reference="other"))
    engine = engine_of()
    engine(clip(1)[0], Controls())
    with pytest.raises(ControlError, match="reference: 'other' was refused"):
        engine(clip(1)[0], Controls(reference="other"))


def test_a_picture_that_cannot_be_encoded_leaves_the_stream_going_without_it(
    engine_of: Callable[..., StreamV2V],
) -> None:
    """Whether it is chosen in mid-stream or there from the first frame on, as after a restart."""
    engine, frame = engine_of(bank=BankConfig(kind="off"), ahead=False), clip(1)[0]
    references, adapter = engine.references, engine.components.adapter
    assert adapter is not None and references._encoder is not None

    def fails(*_: Any) -> None:
        raise RuntimeError("out of memory\nfor good")

    hook = adapter.encoder.register_forward_pre_hook(fails)
    engine(frame, Controls(), now_s=0.0)
    engine(frame, Controls(reference="0.png"), now_s=1.0)
    assert until(lambda: engine(frame, now_s=2.0) is not None and references.refused)
    engine.reset()
    engine(frame, Controls(reference="0.png"), now_s=3.0)
    assert references.switches == () and "out of memory for good" in references.refused
    hook.remove()
    engine.reset()
    engine(frame, Controls(reference="0.png"), now_s=4.0)
    assert references.switches == ("reference",) and references.refused == ""
