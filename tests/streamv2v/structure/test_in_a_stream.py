"""Structure networks in a running stream: live weights, turns, pictures of their own frames, every bank, no capture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from changing import PROMPTS, clip
from tape import TapedGraphs
from tiny import one_level_unet, tiny_adapter, tiny_components, tiny_controlnet

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V
from streamv2v.models.structure_networks import StructureNetwork

SIDE = 64
BANKS = {
    "off": BankConfig(kind="off"),
    "paper": BankConfig(),
    "best": BankConfig.best(),
    "queue": BankConfig(kind="queue", queue_length=2),
}


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., StreamV2V]:
    def build(*networks: str, graphs: Any = None, **settings: Any) -> StreamV2V:
        components = tiny_components(tmp_path, unet=one_level_unet())
        components.structure = tuple(
            StructureNetwork(
                tiny_adapter(components.unet) if name == "adapter" else tiny_controlnet(components.unet, seed),
                "softedge",
                f"{name} {seed}",
            )
            for seed, name in enumerate(networks)
        )
        config = StreamConfig(**{"width": SIDE, "height": SIDE, "dtype": "float32", "slots": 2, **settings})
        return StreamV2V(config, components, graphs=graphs)

    return build


def answered(engine: StreamV2V) -> list[int]:
    """How often each network was asked, counted from now on."""
    counts = [0] * len(engine.components.structure)
    for number, network in enumerate(engine.components.structure):

        def count(*_args: Any, number: int = number) -> None:
            counts[number] += 1

        network.module.register_forward_hook(count)
    return counts


def latents(engine: StreamV2V, frames: list[np.ndarray], look: Controls | None = None) -> list[torch.Tensor]:
    """What leaves the last slot after each frame of a new stream."""
    engine.reset()
    found = []
    for frame in frames:
        engine(frame, look or Controls(), now_s=0.0)
        found.append(engine._stream.leaving.clone())
    return found


def distance(some: list[torch.Tensor], others: list[torch.Tensor]) -> float:
    return max(float((one - other).abs().max()) for one, other in zip(some, others, strict=True))


@pytest.mark.parametrize("network", ["control", "adapter"])
def test_a_frame_in_flight_keeps_the_picture_of_its_own_frame(
    engine_of: Callable[..., StreamV2V], network: str
) -> None:
    """Else the stream batch would not give what one frame after another gives."""
    frames, off = clip(6, width=SIDE, height=SIDE), BankConfig(kind="off")
    batch = latents(engine_of(network, slots=3, bank=off), frames)[2:]
    single = latents(engine_of(network, slots=3, bank=off, sequential=True), frames)[:-2]
    assert distance(batch, single) < 1e-4
    plain = latents(engine_of(slots=3, bank=off), frames)[2:]
    assert distance(batch, plain) > 0.02
    assert distance(single[:-1], single[1:]) > 0.002, "all frames are alike"


@pytest.mark.parametrize("bank", BANKS.values(), ids=BANKS)
@pytest.mark.parametrize("guidance", ["none", "initialize"])
def test_every_bank_runs_with_networks_of_both_sorts(
    engine_of: Callable[..., StreamV2V], bank: BankConfig, guidance: str
) -> None:
    frames = clip(5, width=SIDE, height=SIDE)
    engine = engine_of("control", "adapter", bank=bank, guidance=guidance)
    look = Controls(update_interval=2, guidance_scale=2.0)
    held = latents(engine, frames, look)
    free = latents(engine, frames, look.patched({"structure_weight": 0, "structure_weight_2": 0}))
    assert distance(held, free) > 0.02


def test_a_weight_of_nothing_costs_nothing_and_a_network_that_comes_back_is_there_at_once(
    engine_of: Callable[..., StreamV2V],
) -> None:
    frames = clip(
        3,
        width=SIDE,
        height=SIDE,
    )
    engine = engine_of("control", "adapter", bank=BankConfig(kind="off"))
    counts = answered(engine)
    off = Controls(structure_weight=0.0, structure_weight_2=0.0)
    for frame in frames:
        engine(frame, off, now_s=0.0)
    assert counts == [0, 0]
    engine(frames[-1], off.patched({"structure_weight": 1.0}), now_s=0.0)
    assert counts == [1, 0]
    engine(frames[-1], off.patched({"structure_weight_2": 1.0}), now_s=0.0)
    assert counts == [1, 1]


def test_networks_that_answer_every_third_frame_take_turns(engine_of: Callable[..., StreamV2V]) -> None:
    frame = clip(1, width=SIDE, height=SIDE)[0]
    engine = engine_of("control", "control", "adapter", bank=BankConfig(kind="off"), slots=1)
    look, counts, each = Controls(structure_interval=3), answered(engine), []
    for _ in range(10):
        before = list(counts)
        engine(frame, look, now_s=0.0)
        each.append([now - then for now, then in zip(counts, before, strict=True)])
    assert each[0] == [1, 1, 1], "the first frame is answered by all"
    assert [sum(one) for one in each[1:]] == [1] * 9
    assert [counts[number] for number in range(3)] == [4, 4, 4]


def test_between_its_turns_an_answer_holds_and_a_cut_ends_it(engine_of: Callable[..., StreamV2V]) -> None:
    frames = clip(2, width=SIDE, height=SIDE)
    engine = engine_of("control", bank=BankConfig(kind="off"), scene_cut_threshold=0.0)
    counts, look = answered(engine), Controls(structure_interval=16)
    for _ in range(4):
        engine(frames[0], look, now_s=0.0)
    assert counts == [2], "once for each slot that the first frame is pushed through"
    engine.reset_bank()
    for _ in range(4):
        engine(frames[1], look, now_s=0.0)
    assert counts == [4], "until the new scene has reached the last slot"


@pytest.mark.parametrize("sequential", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_weights_turns_and_pictures_change_without_a_capture(
    engine_of: Callable[..., StreamV2V], sequential: bool
) -> None:
    graphs, networks = TapedGraphs(), ("control", "control", "adapter")
    plain = engine_of(*networks, sequential=sequential)
    taped = engine_of(*networks, graphs=graphs, sequential=sequential)
    taped.remember((*PROMPTS, ""))
    taped.warm_up()
    captures = graphs.captures
    changes: list[dict[str, Any]] = [
        {},
        {"structure_weight": 1.5},
        {"structure_weight": 0.0},
        {"structure_weight_2": 0.0, "structure_interval": 2},
        {"structure_weight_3": 0.0},
        {"structure_weight": 0.4, "structure_weight_3": 1.2},
        {"motion_gate": 0.5},
        {"structure_interval": 1},
    ]
    look = Controls(transition_s=0.0)
    for number, frame in enumerate(clip(16, width=SIDE, height=SIDE)):
        look = look.patched(changes[number // 2])
        for engine in (plain, taped):
            engine(frame, look, now_s=0.03 * number)
        apart = float((plain._stream.leaving - taped._stream.leaving).abs().max())
        assert apart < 1e-4, f"frame {number}: {changes[number // 2]}"
    assert graphs.captures == captures


def test_a_weight_that_changes_with_the_look_glides_along(engine_of: Callable[..., StreamV2V]) -> None:
    frame = clip(1, width=SIDE, height=SIDE)[0]
    engine = engine_of("control", bank=BankConfig(kind="off"))
    engine(frame, Controls(structure_weight=0.0), now_s=0.0)
    structure = engine._stream.structure
    engine(frame, Controls(structure_weight=1.0, prompt="oil painting", transition_s=1.0), now_s=1.0)
    engine(frame, Controls(structure_weight=1.0, prompt="oil painting", transition_s=1.0), now_s=1.5)
    assert 0.4 < float(structure._weights[0]) < 0.6
    engine(frame, Controls(structure_weight=0.2, prompt="oil painting"), now_s=3.0)
    torch.testing.assert_close(structure._weights, torch.tensor([0.2]))
