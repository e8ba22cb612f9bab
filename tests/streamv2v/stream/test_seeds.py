"""Another seed in a running stream: at once, or over a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from changing import clip
from tiny import one_level_unet, tiny_components

from streamv2v import Controls, StreamConfig, StreamV2V

LOOK = Controls(seed=1, strength=0.8, seed_travel_s=10.0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[StreamV2V]:
    config = StreamConfig(width=64, height=64, slots=2, dtype="float32", device="cpu", scene_cut_threshold=0.0)
    with StreamV2V(config, tiny_components(tmp_path, unet=one_level_unet())) as made:
        yield made


def noise_of(engine: StreamV2V, seed: int) -> torch.Tensor:
    engine.reset()
    engine(clip(1)[0], LOOK.patched({"seed": seed}), now_s=0.0)
    return engine._stream.noise.clone()


def test_a_travelled_seed_arrives_after_its_time_and_leaves_the_bank_alone(engine: StreamV2V) -> None:
    wanted = noise_of(engine, 2)
    start = noise_of(engine, 1)
    other = LOOK.patched({"seed": 2})
    frame = clip(1)[0]
    for second in range(1, 12):
        engine(frame, other, now_s=float(second))
        assert engine.bank is not None and not engine.bank.filling
        half_way = not torch.equal(engine._stream.noise, wanted) and not torch.equal(engine._stream.noise, start)
        assert half_way is (1 < second < 11), second
    assert torch.equal(engine._stream.noise, wanted)


def test_a_picture_on_the_way_to_a_seed_is_never_a_repeated_one(engine: StreamV2V) -> None:
    frame, look = clip(1)[0], LOOK.patched({"still_threshold": 8.0, "transition_s": 0.0})
    for second in range(6):
        engine(frame, look, now_s=float(second))
    repeats = engine.repeats
    assert repeats > 0
    for second in range(6, 16):
        engine(frame, look.patched({"seed": 2}), now_s=float(second))
    assert engine.repeats == repeats


def test_a_seed_without_a_way_changes_at_once_and_the_bank_as_it_was_told(engine: StreamV2V) -> None:
    wanted = noise_of(engine, 2)
    noise_of(engine, 1)
    look = LOOK.patched({"seed_travel_s": 0.0, "bank_change": "reset"})
    engine(clip(1)[0], look, now_s=1.0)
    engine.submit(clip(1)[0], look.patched({"seed": 2}), now_s=2.0)
    assert torch.equal(engine._stream.noise, wanted)
    assert engine.bank is not None and engine.bank.frame == 0
    engine.collect()


def test_a_jump_ends_a_way(engine: StreamV2V) -> None:
    wanted = noise_of(engine, 3)
    noise_of(engine, 1)
    for second, change in enumerate(({"seed": 2}, {"seed": 2}, {"seed": 3, "seed_travel_s": 0.0}, {"seed": 3})):
        engine(clip(1)[0], LOOK.patched(change), now_s=float(second))
    assert torch.equal(engine._stream.noise, wanted)
