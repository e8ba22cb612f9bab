"""What only a CUDA device can prove: no wait, no allocation and no capture after warm-up, and the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from changing import PROMPTS, clip, looks, seeing
from tiny import tiny_components

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device: graphs, streams and pinned memory"),
]

TEXT = ("prompt", "blend", "negative_prompt")
"""Controls whose glide mixes two texts in memory from the allocator's cache."""


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., StreamV2V]:
    def build(**settings: Any) -> StreamV2V:
        parts = seeing(tiny_components(tmp_path))
        there = {name: getattr(parts, name).to("cuda") for name in ("unet", "vae", "text_encoder")}
        config = StreamConfig(**{"width": 64, "height": 64, "slots": 2, "dtype": "float32", **settings})
        engine = StreamV2V(config, replace(parts, **there))
        engine.remember((*PROMPTS, ""))
        engine.warm_up()
        return engine

    return build


@contextmanager
def waiting_forbidden() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_no_frame_waits_for_the_device_but_for_its_finished_picture(engine_of: Callable[..., StreamV2V]) -> None:
    # the debug mode knows stream and device waits and blocking copies; the event of the finished picture it lets pass
    engine = engine_of()
    for number, (frame, look) in enumerate(zip(clip(64), looks(64), strict=True)):
        with waiting_forbidden():
            engine(frame, look, now_s=0.03 * number)


def counts(*names: str) -> list[int]:
    stats = torch.cuda.memory_stats()
    return [stats[name] for name in names]


def test_a_hundred_frames_with_changing_controls_allocate_nothing(engine_of: Callable[..., StreamV2V]) -> None:
    engine, frames, snapshots = engine_of(), clip(102), looks(102, without=TEXT)
    for frame in frames[:2]:
        engine(frame, snapshots[0])
    before = counts("allocation.all.allocated", "segment.all.allocated")
    for number, (frame, look) in enumerate(zip(frames[2:], snapshots[2:], strict=True)):
        engine(frame, look, now_s=0.03 * number)
    assert counts("allocation.all.allocated", "segment.all.allocated") == before


def test_a_glide_between_texts_asks_the_driver_for_no_memory(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of()
    for number, (frame, look) in enumerate(zip(clip(32), looks(32), strict=True)):
        engine(frame, look, now_s=0.03 * number)
    before = counts("segment.all.allocated")
    for number, (frame, look) in enumerate(zip(clip(64), looks(64), strict=True)):
        engine(frame, look, now_s=0.03 * number)
    assert counts("segment.all.allocated") == before


def test_nothing_is_captured_after_the_warm_up(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of()
    captures = engine.facts()["captures"]
    assert engine.facts()["acceleration"] == "graph" and captures > 0
    for number, (frame, look) in enumerate(zip(clip(64), looks(64), strict=True)):
        engine(frame, look, now_s=0.03 * number)
    assert engine.facts()["captures"] == captures


@pytest.mark.parametrize(
    ("bank", "most", "mean"),
    # sums by atomic additions, as in merging, come in any order; a tie between two matches may then fall the other way
    [(BankConfig(kind="queue", queue_length=2), 1, 0.05), (BankConfig.best(), 255, 0.5)],
    ids=["queue", "merged"],
)
def test_captured_pictures_are_those_of_the_plain_stream(
    engine_of: Callable[..., StreamV2V], bank: BankConfig, most: int, mean: float
) -> None:
    plain, captured = engine_of(bank=bank, acceleration="none"), engine_of(bank=bank)
    for number, (frame, look) in enumerate(zip(clip(64), looks(64), strict=True)):
        wanted = plain(frame, look, now_s=0.03 * number).astype(int)
        apart = np.abs(wanted - captured(frame, look, now_s=0.03 * number))
        assert apart.max() <= most and apart.mean() <= mean, f"frame {number}"


def test_frames_submitted_ahead_are_never_mixed_up(engine_of: Callable[..., StreamV2V]) -> None:
    engine, frames = engine_of(bank=BankConfig(kind="queue"), slots=1), clip(40)
    calls = [engine(frame, Controls(), now_s=0.0) for frame in frames]
    ahead = list(engine.translate(frames, Controls()))
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(calls, ahead, strict=True)) <= 1


def test_networks_are_exchanged_on_air(engine_of: Callable[..., StreamV2V]) -> None:
    one, other = (engine_of(bank=BankConfig(kind="queue")) for _ in range(2))
    unet = other.components.unet
    for number, frame in enumerate(clip(12)):
        if number == 6:
            other.use_networks(unet=lambda *args, **kwargs: unet(*args, **kwargs))
        apart = np.abs(one(frame, now_s=0.0).astype(int) - other(frame, now_s=0.0))
        assert apart.max() <= 1, f"frame {number}"
