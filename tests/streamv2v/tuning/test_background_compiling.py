"""Compiling beside the running engine: what is taken in, what is kept out, and that the stream goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import one_level_unet, tiny_components

from streamv2v import Controls, StreamConfig, StreamV2V
from streamv2v.models.loading import Components, load_components
from streamv2v.tuning.autotune import FILE_NAME, Trials
from streamv2v.tuning.background_compiling import (
    TURN_S,
    WORDS,
    BackgroundCompiling,
    Verdict,
    begin_compiling,
    wants_compiling,
)
from streamv2v.tuning.compile_cache import compiler_missing, use_cache
from streamv2v.tuning.compiling import PARTS, Examples

CPU = torch.device("cpu")
LONG_S = 800
"""Compiling takes seconds on a free machine and minutes on a busy one."""
needs_compiler = pytest.mark.skipif(bool(compiler_missing(CPU)), reason="no C++ compiler works on this machine")
CLIP = [np.random.default_rng(number).integers(0, 255, (64, 64, 3), dtype=np.uint8) for number in range(6)]


def config_for(folder: Path | None, **more: Any) -> StreamConfig:
    cache = None if folder is None else str(folder / "cache")
    return StreamConfig(width=64, height=64, slots=2, device="cpu", dtype="float32", compile_cache=cache, **more)


def few_layers(folder: Path) -> Components:
    return replace(tiny_components(folder), unet=one_level_unet())


def draw(engine: StreamV2V, frames: list[np.ndarray]) -> list[np.ndarray]:
    return [engine(frame, Controls(update_interval=2), now_s=0.0) for frame in frames]


def remember(compiling: BackgroundCompiling, folder: Path, **verdicts: Verdict) -> None:
    """As if the parts had been tried at an earlier start; those not named were slower."""
    trials = Trials(folder / "cache")
    for part in PARTS:
        found = verdicts.get(part, Verdict(10.0, 20.0))
        trials.remember("compiled", compiling._key(part), vars(found))
    compiling._trials = Trials(folder / "cache")


def watch_tracers(monkeypatch: pytest.MonkeyPatch) -> set[Any]:
    """What those who trace from now on do with the calls of modules; they see those of all threads."""
    seen: set[Any] = set()
    trace = torch.fx.Tracer.trace

    def watched(tracer: torch.fx.Tracer, *args: Any, **kwargs: Any) -> Any:
        seen.add(type(tracer).call_module)
        return trace(tracer, *args, **kwargs)

    monkeypatch.setattr(torch.fx.Tracer, "trace", watched)
    return seen


def prepared(
    config: StreamConfig, components: Components, engine: StreamV2V, parts: Sequence[str] = PARTS
) -> BackgroundCompiling:
    examples = Examples()
    with examples.watching(components):
        engine.warm_up()
    # nobody here waits for a process that steps back
    return BackgroundCompiling(config, components, examples, wanted="if faster", parts=parts, niceness=0)


def test_compiling_is_for_whoever_asks_and_for_a_cpu_that_can_remember(tmp_path: Path) -> None:
    assert wants_compiling(config_for(tmp_path), CPU) == "if faster"
    assert wants_compiling(config_for(tmp_path), torch.device("cuda")) == ""
    assert wants_compiling(config_for(None), CPU) == ""
    assert wants_compiling(config_for(tmp_path, acceleration="none"), CPU) == ""
    assert wants_compiling(config_for(None, acceleration="compile"), CPU) == "asked"


def test_switched_off_only_the_warm_up_happens(tmp_path: Path) -> None:
    warmed: list[bool] = []
    config = config_for(tmp_path, acceleration="none")
    assert begin_compiling(config, tiny_components(tmp_path), lambda: warmed.append(True)) is None
    assert warmed == [True] and not (tmp_path / "cache").exists()


def test_what_nobody_asked_for_has_to_be_clearly_faster() -> None:
    assert Verdict(100.0, 90.0).wins("if faster") and not Verdict(100.0, 97.0).wins("if faster")
    assert Verdict(100.0, 120.0).wins("asked") and not Verdict(100.0, 10.0, failed="it deviates").wins("asked")


def test_a_machine_where_compiled_code_was_slower_compiles_nothing_and_says_so(tmp_path: Path) -> None:
    components, config = tiny_components(tmp_path), config_for(tmp_path)
    with StreamV2V(config, components) as engine:
        compiling = prepared(config, components, engine)
        remember(compiling, tmp_path, unet=Verdict(failed="Deviates: by a lot"))
        before = engine.networks
        engine.compiling = compiling
        compiling.start()
        assert compiling.wait(120)
        draw(engine, CLIP)
        assert engine.networks == before and compiling.used == []
        assert "decoder stays as it is (compiled 20 ms instead of 10)" in engine.facts()["compiling"]
        assert "U-Net stays as it is (Deviates: by a lot)" in engine.facts()["compiling"]


def test_without_a_compiler_the_reason_is_told_and_the_stream_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    components, config = tiny_components(tmp_path), config_for(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with StreamV2V(config, components) as engine:
        engine.compiling = begin_compiling(config, components, engine.warm_up)
        assert engine.compiling is not None and engine.compiling.wait(120)
        assert len(draw(engine, CLIP)) == len(CLIP)
        assert engine.compiling.outcome.startswith("not compiled: ") and engine.compiling.progress == ""
        assert not (tmp_path / "cache" / FILE_NAME).exists()


@pytest.mark.slow
@needs_compiler
@pytest.mark.timeout(LONG_S + 60)
@pytest.mark.parametrize("part", ["decoder", "unet"])
def test_a_compiled_part_that_won_is_taken_in_between_two_frames_and_the_picture_stays(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracers = watch_tracers(monkeypatch)
    components, config = few_layers(tmp_path), config_for(tmp_path)
    with StreamV2V(config, few_layers(tmp_path)) as plain:
        plain.warm_up()
        wanted = draw(plain, CLIP)
    with StreamV2V(config, components) as engine:
        compiling = prepared(config, components, engine)
        remember(compiling, tmp_path, **{part: Verdict(20.0, 10.0)})
        engine.compiling = compiling
        first = draw(engine, CLIP[:3])
        compiling.start()
        assert compiling.wait(LONG_S)
        assert compiling.used == []  # only whoever owns the engine puts it in
        pictures = first + draw(engine, CLIP[3:])
        assert engine.facts()["compiled"] == [part]
        assert f"{WORDS[part]} in use (10 ms instead of 20)" in compiling.outcome
    assert tracers and torch.fx.Tracer.call_module not in tracers  # that one fails in a frame that runs meanwhile
    for found, expected in zip(pictures, wanted, strict=True):
        assert np.abs(found.astype(int) - expected.astype(int)).max() <= 3


@needs_compiler
def test_while_a_part_is_taken_in_the_interpreters_lock_changes_hands_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    components, config, usual_s = few_layers(tmp_path), config_for(tmp_path), sys.getswitchinterval()
    seen: list[float] = []

    def broken(*_: object) -> None:
        seen.append(sys.getswitchinterval())
        raise RuntimeError("a compiler that fails")

    monkeypatch.setattr("streamv2v.tuning.background_compiling.compile_part", broken)
    with StreamV2V(config, components) as engine:
        compiling = prepared(config, components, engine)
        remember(compiling, tmp_path, decoder=Verdict(20.0, 10.0))
        compiling.start()
        assert compiling.wait(LONG_S)
    assert seen == [pytest.approx(TURN_S)] and sys.getswitchinterval() == pytest.approx(usual_s)
    assert "a compiler that fails" in compiling.outcome


@pytest.mark.slow
@needs_compiler
@pytest.mark.timeout(2 * LONG_S + 60)
def test_a_child_judges_a_part_and_a_second_start_asks_none(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_for(tmp_path, model=str(tiny_model), lcm="off", offline=True)
    components = load_components(config)
    with StreamV2V(config, components) as engine:
        first = prepared(config, components, engine, parts=("encoder",))
        first.start()
        assert first.wait(LONG_S)
        first.hand_over(engine.use_networks)
        verdict = Trials(tmp_path / "cache").recall("compiled", first._key("encoder"))
        assert verdict["failed"] == "" and verdict["eager_ms"] > 0 and verdict["compiled_ms"] > 0
        assert any((tmp_path / "cache").glob("torch-*"))

        def no_child(*_: object, **__: object) -> None:
            raise AssertionError("a child was started")

        monkeypatch.setattr("streamv2v.tuning.background_compiling.compiling_child", no_child)
        second = prepared(config, components, engine, parts=("encoder",))
        second.start()
        assert second.wait(LONG_S)
        second.hand_over(engine.use_networks)
        assert second.outcome == first.outcome and second.outcome.startswith("compiled: encoder")


@pytest.mark.slow
def test_a_child_that_ends_early_is_told_and_not_tried_at_every_start(tmp_path: Path) -> None:
    # the child loads the model itself, and this one is gone by then
    components = tiny_components(tmp_path)
    config = config_for(tmp_path, model=str(tmp_path / "gone"))
    with StreamV2V(config, components) as engine:
        for _ in range(2):
            compiling = prepared(config, components, engine)
            compiling.start()
            assert compiling.wait(LONG_S)
            assert compiling.outcome.count("the compiling process ended early") == len(PARTS)
        compiling = prepared(config, components, engine)
        assert [compiling._trials.recall("compiled", compiling._key(part))["failed"] for part in PARTS]


def test_stopping_ends_a_child_in_the_middle_of_its_work(tmp_path: Path, tiny_model: Path) -> None:
    config = config_for(tmp_path, model=str(tiny_model), lcm="off", offline=True)
    with StreamV2V.from_pretrained(config) as engine:
        compiling = engine.compiling
        assert compiling is not None
        threading.Event().wait(0.5)
    assert compiling.wait(250)
    assert compiling.used == [] and compiling.outcome == ""


def test_a_cache_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a file, no folder"
    file.touch()
    assert "cannot be kept" in use_cache(file) and use_cache(None) == ""


def test_remembered_verdicts_hold_for_one_number_of_threads_and_format(tmp_path: Path) -> None:
    components, config = tiny_components(tmp_path), config_for(tmp_path)
    key: Callable[[], str] = lambda: BackgroundCompiling(config, components, Examples(), wanted="asked")._key("unet")  # noqa: E731
    first, before = key(), torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        assert key() != first
    finally:
        torch.set_num_threads(before)
    components = replace(components, facts={**components.facts, "dtype": "bfloat16"})
    assert key() != first
