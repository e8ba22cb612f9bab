"""The U-Net with its bank as arguments gives the running engine's pictures, whatever bank it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import one_level_unet, tiny_components, tiny_unet
from tiny_sdxl import sdxl_components, sdxl_pipe
from torch import Tensor

from streamv2v import Components, Controls, StreamConfig, StreamV2V
from streamv2v.config import BankConfig
from streamv2v.tuning.static_networks import StaticCall, StaticUnet, Unfit, shapes_of, static_network

CLIP = [np.random.default_rng(number // 2).integers(0, 255, (64, 64, 3), dtype=np.uint8) for number in range(10)]
GATED = {"motion_gate": 0.5, "feedback": 0.6, "input_denoise": 0.5, "fusion_softness": 0.03}
BANKS = {
    "paper": BankConfig(),
    "best": BankConfig.best(),
    "queue": BankConfig(kind="queue", queue_length=3),
    "off": BankConfig(kind="off"),
    "window": BankConfig(matching="window", window=1, spread=True),
    "fp8": BankConfig(storage="fp8"),
    "without attention": BankConfig(attention=False),
    "without fusion": BankConfig(fusion=False),
    "pairwise": BankConfig(merge_rule="pairwise", merge_split="grid"),
}


class EveryShape(dict[Any, Any]):
    """Runs the static module itself, for all shapes, and counts."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module, self.calls = module, 0

    def get(self, _shapes: Any, _default: Any = None) -> Any:
        return self.run

    def run(self, values: Sequence[Tensor]) -> Sequence[Tensor]:
        self.calls += 1
        return self.module(*values)


def components_of(folder: Path, config: StreamConfig) -> Components:
    """A U-Net of several levels for the bank of the paper, of one level for all others."""
    return tiny_components(folder, unet=tiny_unet() if config.bank == BankConfig() else one_level_unet())


def controls(number: int, **more: Any) -> Controls:
    weight = {3: 0.0, 4: 0.5, 7: 1.5}.get(number, 1.0)
    return Controls(prompt="a pencil sketch", update_interval=2, bank_weight=weight, seed=3, **more)


def draw(engine: StreamV2V, **more: Any) -> list[np.ndarray]:
    return [engine(frame, controls(number, **more), now_s=float(number)) for number, frame in enumerate(CLIP)]


@pytest.mark.parametrize(
    "more", [pytest.param({}, id="as in the paper"), pytest.param(GATED, id="gated", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("bank", BANKS)
def test_a_static_u_net_draws_what_the_engine_draws_while_the_bank_lives(bank: str, more: Any, tmp_path: Path) -> None:
    config = StreamConfig(width=64, height=64, slots=2, device="cpu", dtype="float32", bank=BANKS[bank])
    with StreamV2V(config, components_of(tmp_path, config)) as plain:
        plain.warm_up()
        wanted = draw(plain, **more)
    components = components_of(tmp_path, config)
    with StreamV2V(config, components) as engine:
        engine.warm_up()
        every = EveryShape(static_network(components, "unet"))
        engine.use_networks(unet=StaticCall(components, "unet", every))
        found = draw(engine, **more)
    assert every.calls > len(CLIP)
    for one, other in zip(found, wanted, strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 2


@pytest.mark.parametrize(
    "shape", [{"guidance": "full"}, {"guidance": "initialize"}, {"sequential": True, "guidance": "full"}], ids=str
)
def test_rows_of_every_guidance_find_their_own_bank(shape: Any, tmp_path: Path) -> None:
    config = StreamConfig(width=64, height=64, slots=2, device="cpu", dtype="float32", bank=BankConfig.best(), **shape)
    with StreamV2V(config, components_of(tmp_path, config)) as plain:
        plain.warm_up()
        wanted = draw(plain, guidance_scale=2.0)
    components = components_of(tmp_path, config)
    with StreamV2V(config, components) as engine:
        engine.warm_up()
        unet = StaticCall(components, "unet", EveryShape(static_network(components, "unet")))
        engine.use_networks(unet=unet)
        found = draw(engine, guidance_scale=2.0)
    assert max(np.abs(one.astype(int) - other.astype(int)).max() for one, other in zip(found, wanted, strict=True)) <= 2


def test_in_the_sdxl_family_the_vector_of_the_prompt_and_the_sizes_are_arguments_too(tmp_path: Path) -> None:
    def components() -> Components:
        return sdxl_components(sdxl_pipe(tmp_path))

    config = StreamConfig(width=96, height=64, slots=2, device="cpu", dtype="float32", guidance="full")
    with StreamV2V(config, components()) as plain:
        plain.warm_up()
        wanted = draw(plain, guidance_scale=2.0, negative_prompt="night")
    given = components()
    with StreamV2V(config, given) as engine:
        engine.warm_up()
        every = EveryShape(static_network(given, "unet"))
        engine.use_networks(unet=StaticCall(given, "unet", every))
        found = draw(engine, guidance_scale=2.0, negative_prompt="night")
    assert every.calls > len(CLIP)
    assert max(np.abs(one.astype(int) - other.astype(int)).max() for one, other in zip(found, wanted, strict=True)) <= 2


def test_a_call_of_a_shape_that_no_graph_was_made_for_goes_to_the_running_network(tmp_path: Path) -> None:
    components = tiny_components(tmp_path)
    call = StaticCall(components, "decoder", {((1, 4, 9, 9),): lambda values: pytest.fail("another shape")})
    latent = torch.randn(1, 4, 8, 8)
    with torch.inference_mode():
        assert torch.equal(call(latent), components.vae.decode(latent, return_dict=False)[0])
    assert shapes_of([latent]) == ((1, 4, 8, 8),)


def test_a_bank_that_took_nothing_in_and_other_numbers_are_refused_with_the_reason(tmp_path: Path) -> None:
    components = tiny_components(tmp_path)
    config = StreamConfig(width=64, height=64, device="cpu", dtype="float32")
    with StreamV2V(config, components), pytest.raises(Unfit, match="taken no frame"):
        StaticUnet(components.unet)
    with pytest.raises(Unfit, match="float64"):
        static_network(tiny_components(tmp_path, dtype=torch.float64), "decoder")
