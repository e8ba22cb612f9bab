"""A captured stream against a plain one, on tapes (tests/tape.py): same pictures, no capture after warm-up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from changing import OFF, PROMPTS, clip, looks, seeing
from tape import TapedGraphs
from tiny import one_level_unet, tiny_components, tiny_unet

from streamv2v import BankConfig, Controls, FrameError, StreamConfig, StreamV2V
from streamv2v.config import BEST_CONTROLS
from streamv2v.controls import describe_controls
from streamv2v.device.graphs import Graphs
from streamv2v.frames import fit

FRAMES = 64
ONE_LAP = 26
"""Frames in which every control that reaches the stream changes at least once."""
SETTINGS: dict[str, dict[str, Any]] = {
    "the paper": {"slots": 2, "levels": 3},
    "best bank, four slots": {"slots": 4, "bank": BankConfig.best(), "levels": 3},
    "queue, full guidance": {"slots": 2, "guidance": "full", "bank": BankConfig(kind="queue", queue_length=2)},
    "residual guidance": {"slots": 3, "guidance": "initialize"},
    "one after another": {"slots": 3, "guidance": "self", "sequential": True, "renoise": False},
    "matching in windows": {
        "bank": BankConfig.best(matching="window", window=1),
        "width": 128,
        "height": 128,
        "slots": 1,
    },
    "fp8": {"slots": 2, "bank": BankConfig(storage="fp8", merge_rule="pairwise")},
    "fp8 queue, one after another": {
        "slots": 2,
        "sequential": True,
        "bank": BankConfig(kind="queue", queue_length=2, storage="fp8"),
    },
    "no bank": {"slots": 2, "bank": BankConfig(kind="off")},
}
QUICK = ("the paper", "queue, full guidance", "matching in windows", "fp8")
"""One for each way through the bank; all of them, and longer, are slow."""


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., StreamV2V]:
    def build(*, graphs: Graphs | None = None, levels: int = 1, **settings: Any) -> StreamV2V:
        config = StreamConfig(**{"width": 64, "height": 64, "dtype": "float32", **settings})
        unet = one_level_unet() if levels == 1 else tiny_unet()
        return StreamV2V(config, seeing(tiny_components(tmp_path, unet=unet)), graphs=graphs)

    return build


def warmed(engine: StreamV2V) -> StreamV2V:
    engine.remember((*PROMPTS, ""))
    engine.warm_up()
    return engine


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        *(pytest.param(SETTINGS[name], ONE_LAP, id=name) for name in QUICK),
        *(pytest.param(SETTINGS[name], FRAMES, id=f"{name}, long", marks=pytest.mark.slow) for name in SETTINGS),
    ],
)
def test_frames_with_every_control_changing_are_those_of_the_plain_stream(
    engine_of: Callable[..., StreamV2V], settings: dict[str, Any], count: int
) -> None:
    plain, graphs = engine_of(**settings), TapedGraphs()
    taped = warmed(engine_of(graphs=graphs, **settings))
    captures, programs, addresses = graphs.captures, len(graphs.programs), fixed(taped)
    frames = clip(count, width=taped.config.width, height=taped.config.height)
    for number, (frame, look) in enumerate(zip(frames, looks(count), strict=True)):
        wanted = plain(frame, look, now_s=0.03 * number)
        found = taped(frame, look, now_s=0.03 * number)
        assert np.array_equal(wanted, found), f"frame {number}"
        assert torch.equal(plain._stream.leaving, taped._stream.leaving), f"frame {number}"
    assert (graphs.captures, len(graphs.programs)) == (captures, programs), "something was captured after the warm-up"
    assert fixed(taped) == addresses, "a buffer moved"
    assert taped.cuts == 1, "the cut refills the bank on the way"


def test_the_changing_looks_change_every_control_that_reaches_the_stream() -> None:
    seen = looks(ONE_LAP)
    moved = {name for name in describe_controls() if len({str(getattr(look, name)) for look in seen}) > 1}
    still = set(describe_controls()) - moved
    assert still <= set(OFF)


def fixed(engine: StreamV2V) -> list[int]:
    """Addresses of everything that a program reads or writes."""
    stream, schedule, live = engine._stream, engine._schedule, engine._transitions._live
    assert stream._text is not None
    tensors = [stream._text, stream.noise, schedule.timesteps, schedule._columns, live._values, *stream.state]
    if engine.bank is not None and engine.bank.gates is not None:
        tensors += [*engine.bank._scratch._held.values(), *engine.bank._orders._pools.values()]
        tensors += [*engine.bank.gates._weight.values(), *engine.bank.gates._kept.values()]
    for program in engine._graphs.programs:
        tensors += [*program.inputs, program.output]
    return [tensor.data_ptr() for tensor in tensors]


def test_a_plain_stream_keeps_its_addresses_too(engine_of: Callable[..., StreamV2V]) -> None:
    engine = warmed(engine_of(slots=2))
    engine(clip(1)[0])
    before = fixed(engine)
    for number, (frame, look) in enumerate(zip(clip(40), looks(40), strict=True)):
        engine(frame, look, now_s=0.1 * number)
    assert fixed(engine)[: len(before)] == before


@pytest.mark.parametrize(
    ("settings", "passes"),
    [({"bank": BankConfig(kind="off")}, 2), ({}, 6), ({"guidance": "full"}, 6)],
    ids=["no bank", "bank", "guided"],
)
def test_warm_up_captures_each_course_of_a_pass_encode_decode_and_one_program_a_layer(
    engine_of: Callable[..., StreamV2V], settings: dict[str, Any], passes: int
) -> None:
    engine = warmed(engine_of(graphs=TapedGraphs(), **settings))
    layers = len(engine.bank.layers) if engine.bank else 0
    assert engine.facts()["captures"] == 2 + passes + layers


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "oil painting"},
        {"strength": 0.9},
        BEST_CONTROLS,
        # each control alone: test_contract.py
        *(
            pytest.param(change, marks=pytest.mark.slow)
            for change in ({"seed": 5}, {"bank_weight": 3.0}, {"update_interval": 1}, {"guidance_scale": 5.0})
        ),
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_change_of_a_control_captures_anything_and_yet_it_acts(
    engine_of: Callable[..., StreamV2V], change: dict[str, Any]
) -> None:
    engine = warmed(engine_of(graphs=TapedGraphs(), slots=2, guidance="full"))
    look = Controls(transition_s=0.0, guidance_scale=2.0, strength=0.7, update_interval=3, bank_change="keep")
    results = []
    for then in (look, look.patched(change)):
        engine.reset()
        for number, frame in enumerate(clip(9)):
            engine(frame, look if number < 4 else then, now_s=float(number))
        results.append(engine._stream.leaving.clone())
    captures = engine.facts()["captures"]
    engine.warm_up()
    assert engine.facts()["captures"] == captures
    assert not torch.equal(*results)


def test_without_a_warm_up_each_course_is_captured_when_it_first_comes(engine_of: Callable[..., StreamV2V]) -> None:
    plain, taped = engine_of(slots=3), engine_of(slots=3, graphs=TapedGraphs())
    for number, (frame, look) in enumerate(zip(clip(24), looks(24), strict=True)):
        assert np.array_equal(plain(frame, look, now_s=number), taped(frame, look, now_s=number))


def test_frames_of_another_size_capture_nothing_and_look_like_frames_resized_before(
    engine_of: Callable[..., StreamV2V],
) -> None:
    engine = warmed(engine_of(graphs=TapedGraphs()))
    captures = engine.facts()["captures"]
    for size in ((64, 64), (100, 180), (30, 50), (64, 64)):
        frame = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
        resized = fit(torch.from_numpy(frame), 64, 64).numpy()
        engine.reset()
        direct = engine(frame)
        engine.reset()
        assert np.array_equal(direct, engine(resized))
    assert engine.facts()["captures"] == captures


@pytest.mark.parametrize("graphs", [lambda: None, TapedGraphs], ids=["plain", "taped"])
def test_pictures_submitted_ahead_are_those_of_calls(
    engine_of: Callable[..., StreamV2V], graphs: Callable[[], Graphs | None]
) -> None:
    frames, look = clip(12), Controls(still_threshold=1.0)
    frames[6:9] = [frames[5]] * 3
    one, ahead = engine_of(slots=2, graphs=graphs()), engine_of(slots=2, graphs=graphs())
    calls = [one(frame, look, now_s=0.0) for frame in frames]
    pictures = []
    ahead.submit(frames[0], look, now_s=0.0)
    for frame in frames[1:]:
        ahead.submit(frame, look, now_s=0.0)
        pictures.append(ahead.collect())
    pictures.append(ahead.collect())
    assert ahead.repeats == one.repeats > 0
    assert all(np.array_equal(a, b) for a, b in zip(calls, pictures, strict=True))


def test_submitting_too_much_and_collecting_too_early_are_refused_in_words(
    engine_of: Callable[..., StreamV2V],
) -> None:
    engine, frame = engine_of(), clip(1)[0]
    with pytest.raises(FrameError, match="No picture is on its way"):
        engine.collect()
    engine.submit(frame)
    with pytest.raises(FrameError, match="collect\\(\\) it before the next call"):
        engine(frame)
    engine.submit(frame)
    with pytest.raises(FrameError, match="2 pictures are on their way already"):
        engine.submit(frame)
    assert len(engine.flush()) == 2 + engine.delay_frames
    assert engine(frame).shape == (64, 64, 3)


def test_a_clip_that_was_given_up_leaves_nothing_on_its_way(engine_of: Callable[..., StreamV2V]) -> None:
    engine, frames = engine_of(slots=2), clip(6)
    pictures = engine.translate(frames)
    next(pictures)
    pictures.close()  # type: ignore[attr-defined]
    again, fresh = list(engine.translate(frames)), list(engine_of(slots=2).translate(frames))
    assert all(np.array_equal(a, b) for a, b in zip(again, fresh, strict=True))


def counted(network: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    calls = [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        return network(*args, **kwargs)

    return call, calls


@pytest.mark.parametrize("graphs", [lambda: None, TapedGraphs], ids=["plain", "taped"])
def test_networks_are_exchanged_between_two_frames_and_the_stream_goes_on(
    engine_of: Callable[..., StreamV2V], graphs: Callable[[], Graphs | None]
) -> None:
    settings = {"slots": 3, "bank": BankConfig.best()}
    look = Controls(prompt=PROMPTS[1]).patched(BEST_CONTROLS)
    one, other = warmed(engine_of(**settings)), warmed(engine_of(graphs=graphs(), **settings))
    captures, calls = other.facts()["captures"], []
    for number, frame in enumerate(clip(16)):
        if number == 9:
            replaced = [counted(network) for network in other.networks]
            other.use_networks(*(network for network, _ in replaced))
            calls = [count[0] for _, count in replaced]
        assert np.array_equal(one(frame, look, now_s=0.0), other(frame, look, now_s=0.0)), f"frame {number}"
    after = [count[0] for _, count in replaced]
    if other._graphs.on:
        assert other.facts()["captures"] == 2 * captures
        assert after == calls and min(calls) > 0, "what is captured is not called any more"
    else:
        assert calls == [0, 0, 0] and after == [7, 7, 7]


def test_a_network_that_fails_leaves_the_present_one_on_air(engine_of: Callable[..., StreamV2V]) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ArithmeticError("no kernel for this card")

    one, other = warmed(engine_of()), warmed(engine_of(graphs=TapedGraphs()))
    before = other.networks
    for number, frame in enumerate(clip(9)):
        if number == 5:
            with pytest.raises(ArithmeticError, match="no kernel"):
                other.use_networks(unet=broken)
            assert other.networks == before
        assert np.array_equal(one(frame, now_s=0.0), other(frame, now_s=0.0))
