"""LoRAs put on, scaled and taken off while the engine runs: as a fresh load has them, and gone without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from patience import until
from safetensors.torch import save_file
from tiny import save_tiny_model

from streamv2v import BankConfig, Controls, Lora, StreamConfig, StreamV2V, load_components

CHANCE = np.random.default_rng(5)
FRAMES = CHANCE.integers(0, 255, (6, 64, 64, 3)).astype(np.uint8)
KEY = "down_blocks_0_attentions_0_transformer_blocks_0_attn{0}_to_{1}"
CONTROLS = Controls(prompt="a pencil sketch", transition_s=0.0, update_interval=1)


def some(*shape: int) -> torch.Tensor:
    return torch.from_numpy(CHANCE.normal(0, 0.5, shape).astype(np.float32))


def kohya(text: bool = True) -> dict[str, torch.Tensor]:
    """As trainers of kohya write it: self and cross attention, one convolution, and the text encoder."""
    start = "lora_unet_" + KEY
    made = {}
    shapes = {start.format(1, "k"): (16, 16), start.format(2, "v"): (16, 16)}
    if text:
        attention = "lora_te_text_model_encoder_layers_0_self_attn"
        shapes |= {f"{attention}_{part}_proj": (16, 16) for part in ("q", "k", "v", "out")}
    for name, (out, into) in shapes.items():
        made[f"{name}.lora_down.weight"], made[f"{name}.lora_up.weight"] = some(4, into), some(out, 4)
        made[f"{name}.alpha"] = torch.tensor(2.0)
    conv = "lora_unet_down_blocks_0_resnets_0_conv1"
    made[f"{conv}.lora_down.weight"], made[f"{conv}.lora_up.weight"] = some(4, 16, 3, 3), some(16, 4, 1, 1)
    return made


def diffusers() -> dict[str, torch.Tensor]:
    name = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    return {f"{name}.lora_A.weight": some(3, 32), f"{name}.lora_B.weight": some(32, 3)}


def loha() -> dict[str, torch.Tensor]:
    name = "lora_unet_" + KEY.format(1, "v")
    parts = {"w1_a": (16, 3), "w1_b": (3, 16), "w2_a": (16, 3), "w2_b": (3, 16)}
    return {f"{name}.hada_{part}": some(*shape) for part, shape in parts.items()}


def dora() -> dict[str, torch.Tensor]:
    name = "lora_unet_" + KEY.format(1, "k")
    return {
        f"{name}.lora_down.weight": some(2, 16),
        f"{name}.lora_up.weight": some(16, 2),
        f"{name}.dora_scale": some(16, 1).abs() + 0.5,
    }


KINDS = {"kohya": kohya, "diffusers": diffusers, "loha": loha, "dora": dora}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("loras")
    for name, kind in KINDS.items():
        save_file({key: tensor.contiguous() for key, tensor in kind().items()}, made / f"{name}.safetensors")
    save_file({"double_blocks.0.img_attn.lora_A.weight": some(2, 8)}, made / "flux.safetensors")
    return made


def config(model: Path, folder: Path, **more: Any) -> StreamConfig:
    plain: dict[str, Any] = {"lcm": "off", "device": "cpu", "dtype": "float32", "slots": 1, "acceleration": "none"}
    bank = BankConfig(fused_layers=("",))
    return StreamConfig(
        **{**plain, "model": str(model), "width": 64, "height": 64, "bank": bank, "loras_folder": str(folder), **more}
    )


@pytest.fixture
def engine(model: Path, folder: Path) -> Iterator[StreamV2V]:
    asked = config(model, folder)
    with StreamV2V(asked, load_components(asked)) as made:
        yield made


def weights_of(engine: StreamV2V) -> dict[str, torch.Tensor]:
    parts = (engine.components.unet, engine.components.text_encoder)
    return {
        f"{number} {name}": tensor.clone()
        for number, part in enumerate(parts)
        for name, tensor in part.state_dict().items()
    }


def drawn(engine: StreamV2V, controls: Controls) -> list[np.ndarray]:
    engine.reset()
    return [engine(frame, controls, now_s=number / 10).copy() for number, frame in enumerate(FRAMES)]


@pytest.mark.parametrize(
    "names",
    [
        ("dora",),
        ("loha", "kohya", "diffusers"),
        *(pytest.param((one,), marks=pytest.mark.slow) for one in ("loha", "kohya", "diffusers")),
    ],
    ids="+".join,
)
def test_a_lora_put_on_live_is_what_a_fresh_load_with_it_is(
    engine: StreamV2V, model: Path, folder: Path, names: tuple[str, ...]
) -> None:
    scales = dict(zip(names, (0.8, -0.5, 1.5), strict=False))
    loras = tuple(Lora(str(folder / f"{name}.safetensors"), scale) for name, scale in scales.items())
    asked = config(model, folder, loras=loras)
    plain = drawn(engine, CONTROLS)
    found = drawn(engine, CONTROLS.patched({"loras": scales}))
    with StreamV2V(asked, load_components(asked)) as fresh:
        wanted, weights = drawn(fresh, CONTROLS), weights_of(fresh)
    for name, tensor in weights_of(engine).items():
        torch.testing.assert_close(tensor, weights[name], rtol=1e-4, atol=1e-5)
    assert max(int(np.abs(one.astype(int) - other).max()) for one, other in zip(found, wanted, strict=True)) <= 1
    assert any((one != other).any() for one, other in zip(found, plain, strict=True)), "and it changes something"


def test_taken_off_it_leaves_every_weight_bit_for_bit_as_it_was_and_at_its_place(engine: StreamV2V) -> None:
    before, plain = weights_of(engine), drawn(engine, CONTROLS)
    places = [tensor.data_ptr() for tensor in engine.components.unet.parameters()]
    for loras in ({"kohya": 1.0}, {"kohya": 0.3, "dora": 1.0}, {"loha": 1.0}, {}):
        drawn(engine, CONTROLS.patched({"loras": loras}))
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights_of(engine).items())
    assert [tensor.data_ptr() for tensor in engine.components.unet.parameters()] == places
    assert all((one == other).all() for one, other in zip(drawn(engine, CONTROLS), plain, strict=True))


def test_in_mid_stream_the_old_look_goes_on_until_the_new_weights_are_ready(engine: StreamV2V) -> None:
    with_lora = CONTROLS.patched({"loras": {"kohya": 1.0}})
    engine(FRAMES[0], CONTROLS, now_s=0.0)
    pictures = 0

    def frame() -> bool:
        nonlocal pictures
        engine(FRAMES[1], with_lora, now_s=1.0 + pictures / 10)
        pictures += 1
        return engine.live.loras.on == (("kohya", 1.0),)

    assert until(frame)
    assert engine.facts()["live_loras"] == "kohya x 1"
    assert engine.live.loras.told == "LoRAs: kohya x 1"


def test_words_are_read_by_the_text_encoder_as_it_is_now(engine: StreamV2V) -> None:
    before = engine.prompts.encode(CONTROLS.prompt).tokens.clone()
    drawn(engine, CONTROLS.patched({"loras": {"kohya": 1.0}}))
    assert not torch.allclose(engine.prompts.encode(CONTROLS.prompt).tokens, before)
    drawn(engine, CONTROLS)
    assert torch.equal(engine.prompts.encode(CONTROLS.prompt).tokens, before)


@pytest.mark.parametrize(("name", "words"), [("flux", "FLUX"), ("nothing", "is not there")])
def test_one_that_cannot_be_put_on_is_told_in_one_line_and_changes_nothing(
    engine: StreamV2V, name: str, words: str
) -> None:
    before = weights_of(engine)
    drawn(engine, CONTROLS.patched({"loras": {"kohya": 1.0, name: 1.0}}))
    assert words in engine.live.loras.told and "\n" not in engine.live.loras.told
    assert engine.live.loras.on == ()
    assert all(torch.equal(tensor, before[key]) for key, tensor in weights_of(engine).items())


@pytest.mark.parametrize("name", ["flux", "nothing"])
def test_what_never_went_on_is_taken_off_as_anything_else(engine: StreamV2V, name: str) -> None:
    before = weights_of(engine)
    drawn(engine, CONTROLS.patched({"loras": {name: 1.0}}))
    drawn(engine, CONTROLS)
    assert engine.live.loras.settled and engine.live.loras.facts() == {}
    assert all(torch.equal(tensor, before[key]) for key, tensor in weights_of(engine).items())


def test_a_file_that_was_written_anew_counts_from_the_next_wish_on(engine: StreamV2V, folder: Path) -> None:
    save_file(diffusers(), folder / "mine.safetensors")
    drawn(engine, CONTROLS.patched({"loras": {"mine": 1.0}}))
    first = weights_of(engine)
    save_file(kohya(), folder / "mine.safetensors")
    drawn(engine, CONTROLS)
    drawn(engine, CONTROLS.patched({"loras": {"mine": 1.0}}))
    assert any(not torch.equal(tensor, first[key]) for key, tensor in weights_of(engine).items())


def test_another_form_of_the_u_net_steps_aside_while_a_lora_is_on(engine: StreamV2V) -> None:
    unet = engine.components.unet
    engine.use_networks(unet=lambda *args, **kwargs: unet(*args, **kwargs))
    other = engine.networks.unet
    drawn(engine, CONTROLS.patched({"loras": {"kohya": 1.0}}))
    assert engine.networks.unet is unet
    drawn(engine, CONTROLS)
    assert engine.networks.unet is other
