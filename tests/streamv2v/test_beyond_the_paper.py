"""The choices beyond the paper in a whole engine: live, without rebuilding, and at rest when they are 0."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import one_level_unet, tiny_components

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V

SIDE = 64


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., StreamV2V]:
    def build(**settings: Any) -> StreamV2V:
        components = tiny_components(tmp_path, unet=one_level_unet())
        return StreamV2V(StreamConfig(width=SIDE, height=SIDE, dtype="float32", **settings), components)

    return build


def clip(count: int) -> list[np.ndarray]:
    """A still picture with a camera's noise, and a square that walks through it."""
    generator = np.random.default_rng(0)
    still = np.kron(generator.integers(30, 220, (8, 8, 3)), np.ones((8, 8, 1)))
    frames = []
    for number in range(count):
        frame = still + generator.normal(0, 2, still.shape)
        frame[20:36, 3 * number : 3 * number + 16] = 250
        frames.append(frame.clip(0, 255).astype(np.uint8))
    return frames


def latents(engine: StreamV2V, look: Controls, *, change: dict[str, Any] | None = None, count: int = 9) -> torch.Tensor:
    """What leaves the last slot in each of `count` frames; `change` comes with the fourth."""
    engine.reset()
    results: list[torch.Tensor] = []
    for number, frame in enumerate(clip(count)):
        engine(frame, look.patched(change) if change and number >= 3 else look, now_s=float(number))
        results.append(engine._stream.leaving.clone())
    return torch.cat(results)


CHANGES = [
    {"fusion_softness": 0.4},
    {"bank_noise_tilt": 2.0},
    {"motion_gate": 1.0},
    {"feedback": 0.9},
    {"input_denoise": 0.9},
    {"noise_drift": 5.0},
]


@pytest.mark.parametrize("slots", [2])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_choice_acts_while_the_stream_runs_and_is_gone_when_it_is_taken_back(
    engine_of: Callable[..., StreamV2V], change: dict[str, Any], slots: int
) -> None:
    engine = engine_of(slots=slots)
    look = Controls(strength=0.8, transition_s=0.0, update_interval=2, fusion_threshold=0.999, bank_change="keep")
    plain = latents(engine, look)
    changed = latents(engine, look, change=change)
    assert torch.equal(changed[:3], plain[:3])
    assert not torch.equal(changed[3:], plain[3:])
    assert torch.equal(latents(engine, look), plain)


def test_a_refilled_bank_gains_its_weight_frame_by_frame(engine_of: Callable[..., StreamV2V]) -> None:
    engine, seen = engine_of(slots=2), []
    for frame in clip(7):
        engine(frame, Controls(bank_ramp=4, bank_weight=2.0))
        seen.append(engine._transitions._live.bank_weight)
    assert seen == [2.0, 0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


def test_feedback_pauses_while_the_look_changes_and_comes_back(engine_of: Callable[..., StreamV2V]) -> None:
    engine, seen = engine_of(slots=3, bank=BankConfig(kind="off")), []
    look = Controls(feedback=0.8, transition_s=2.0)
    for number, frame in enumerate(clip(18)):
        engine(frame, look if number < 2 else look.patched({"prompt": "red night"}), now_s=float(number))
        seen.append(round(float(engine._transitions._live.feedback), 4))
    glide, in_flight = [0.0] * 2, [0.0] * 2
    back = [round(0.8 * step / 8, 4) for step in range(1, 9)]
    assert seen == pytest.approx([0.8, 0.8, *glide, *in_flight, *back, 0.8, 0.8, 0.8, 0.8])


@pytest.mark.parametrize("change", [{"strength": 0.1}, {"seed": 5}, {"prompt": "oil painting"}])
def test_a_change_of_the_look_is_as_quick_with_feedback_as_without(
    engine_of: Callable[..., StreamV2V], change: dict[str, Any]
) -> None:
    look = Controls(strength=0.9, transition_s=0.0, feedback=0.9)
    held = latents(engine_of(slots=2, bank=BankConfig(kind="off")), look, change=change)
    free = latents(engine_of(slots=2, bank=BankConfig(kind="off")), look.patched({"feedback": 0.0}), change=change)
    assert torch.equal(held[3:5], free[3:5]), "the frame of the change and the one in flight behind it"


def test_a_scene_cut_is_not_held_back_by_feedback(engine_of: Callable[..., StreamV2V]) -> None:
    dark, bright = np.full((SIDE, SIDE, 3), 20, np.uint8), np.full((SIDE, SIDE, 3), 230, np.uint8)
    pictures = []
    for feedback in (0.0, 0.95):
        engine = engine_of(slots=1, bank=BankConfig(kind="off"))
        pictures.append([engine(frame, Controls(feedback=feedback)) for frame in [dark] * 6 + [bright]][-1])
        assert engine.cuts == 1
    assert np.array_equal(*pictures)


def test_drifting_noise_keeps_its_deviation_and_comes_round(engine_of: Callable[..., StreamV2V]) -> None:
    engine, drawn = engine_of(slots=1), []
    for frame in clip(3) * 13:
        engine(frame, Controls(noise_drift=10.0))
        drawn.append(engine._stream.noise.clone())
    assert all(noise.std().item() == pytest.approx(1.0, abs=0.25) for noise in drawn)
    neighbours = torch.nn.functional.cosine_similarity(drawn[0].flatten(), drawn[1].flatten(), dim=0)
    assert neighbours.item() == pytest.approx(0.985, abs=0.01)
    torch.testing.assert_close(drawn[0], drawn[36], atol=1e-4, rtol=0)


def test_the_best_bank_runs_with_every_guidance_and_moves_no_buffer(engine_of: Callable[..., StreamV2V]) -> None:
    look = Controls(feedback=0.5, input_denoise=0.5, motion_gate=1.0, bank_noise_tilt=0.5, guidance_scale=2.0)
    for guidance in ("none", "full", "self", "initialize"):
        for sequential in (False, True):
            engine = engine_of(slots=3, guidance=guidance, sequential=sequential, bank=BankConfig.best())
            engine(clip(1)[0], look)
            assert engine.bank is not None
            before = [held.data_ptr() for layer in engine.bank.layers for held in layer.state], engine.bank.nbytes
            pictures = [engine(frame, look) for frame in clip(6)]
            assert before == (
                [held.data_ptr() for layer in engine.bank.layers for held in layer.state],
                engine.bank.nbytes,
            )
            assert pictures[-1].std() > 0


def test_weighted_merging_caps_the_age_of_its_tokens(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of(slots=1, bank=BankConfig(merge_rule="weighted", token_age_limit=3))
    for frame in clip(12):
        engine(frame, Controls(update_interval=1))
    assert engine.bank is not None
    for layer in engine.bank.layers:
        assert layer.sizes.min() >= 1.0
        assert 1.0 < layer.sizes.max() <= 3.0
