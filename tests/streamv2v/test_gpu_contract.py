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
"""Controls whose change encodes or copies a text, in memory from the allocator's cache."""


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


def events_of(engine: StreamV2V, frames: int) -> list[tuple[str, bool, int]]:
    """What `frames` frames made the driver and the device do: (name, whether on the device, stream)."""
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    pictures = clip(frames)
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=activities) as profile:
        for frame in pictures:
            engine(frame, Controls(update_interval=2), now_s=0.0)
    results = profile.profiler.kineto_results.events()  # type: ignore[union-attr]
    on_device = torch.autograd.DeviceType.CUDA
    return [(event.name(), event.device_type() == on_device, event.device_resource_id()) for event in results]


def test_the_host_waits_exactly_once_a_frame(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of()
    engine(clip(1)[0])
    names = [name for name, _, _ in events_of(engine, 8)]
    assert names.count("cudaEventSynchronize") == 8
    assert "cudaStreamSynchronize" not in names
    assert names.count("cudaDeviceSynchronize") <= 2, "the profiler's own, at its end"


def test_frames_and_pictures_travel_through_pinned_memory_on_streams_of_their_own(
    engine_of: Callable[..., StreamV2V],
) -> None:
    engine = engine_of()
    engine(clip(1)[0])
    events = [(name, stream) for name, on_device, stream in events_of(engine, 8) if on_device]
    copies = {name: stream for name, stream in events if name.startswith("Memcpy") and "Device -> Device" not in name}
    assert set(copies) == {"Memcpy HtoD (Pinned -> Device)", "Memcpy DtoH (Device -> Pinned)"}
    work = {stream for name, stream in events if not name.startswith(("Memcpy", "Memset"))}
    assert len(set(copies.values())) == 2 and work.isdisjoint(copies.values())


def test_nothing_is_compiled_after_the_warm_up(engine_of: Callable[..., StreamV2V]) -> None:
    knobs = pytest.importorskip("triton.knobs", reason="needs Triton, the only compiler of a frame's kernels")
    engine, compiled = engine_of(bank=BankConfig.best(fused_layers=("",))), []
    knobs.runtime.jit_post_compile_hook = lambda **about: compiled.append(about)
    try:
        for number, (frame, look) in enumerate(zip(clip(64), looks(64), strict=True)):
            engine(frame, look, now_s=0.03 * number)
    finally:
        knobs.runtime.jit_post_compile_hook = None
    assert compiled == []


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


def test_a_glide_between_texts_allocates_nothing_on_its_way(engine_of: Callable[..., StreamV2V]) -> None:
    engine, frame, before = engine_of(), clip(1)[0], []
    for number in range(60):
        if number in (25, 45):
            before = counts("allocation.all.allocated")
        look = Controls(prompt=PROMPTS[number // 20], transition_s=1.0)
        engine(frame, look, now_s=0.03 * number)
        if number in (38, 58):
            assert counts("allocation.all.allocated") == before, "within a glide"


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
    # sums by atomic additions, as in merging, come in any order; a tie between two matches
    # may then fall the other way; packing in fp8 makes of a last bit a sixteenth
    [
        (BankConfig(kind="queue", queue_length=2), 1, 0.05),
        (BankConfig(kind="queue", queue_length=2, storage="fp8"), 255, 0.5),
        (BankConfig.best(), 255, 0.5),
        (BankConfig.best(matching="window", window=1), 255, 0.5),
    ],
    ids=["queue", "fp8 queue", "merged", "merged in windows"],
)
def test_captured_pictures_are_those_of_the_plain_stream(
    engine_of: Callable[..., StreamV2V], bank: BankConfig, most: int, mean: float
) -> None:
    size = {"width": 128, "height": 128}
    plain, captured = engine_of(bank=bank, acceleration="none", **size), engine_of(bank=bank, **size)
    for number, (frame, look) in enumerate(zip(clip(64, **size), looks(64), strict=True)):
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
