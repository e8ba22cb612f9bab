"""The real engine process at its start: memory, threads, compiling; each said in words."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamv2v_cam.engine.clip import ClipEngine
from streamv2v_cam.engine.free_memory import free_system_bytes
from streamv2v_cam.engine.heartbeat import Patience
from streamv2v_cam.engine.link import EngineLink
from streamv2v_cam.engine.memory_needs import memory_needs
from streamv2v_cam.engine.protocol import Notice, Progress, Ready, Refit
from streamv2v_cam.engine.worker_memory import COMPILER_BYTES, check_memory, no_room_to_compile
from streamv2v_cam.store import ControlStore

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls
from streamv2v.models.preflight import MIB, Needs
from streamv2v.tuning.autotune import FILE_NAME

SCARCE = f"{Path(__file__).with_name('scarce.py')}:main"
PATIENCE = Patience(load_s=280, hang_s=280)


@pytest.fixture
def config(tiny_model: Path, tmp_path: Path) -> StreamConfig:
    """Two slots of the tiny model on a CPU, with a folder to remember in."""
    cache = str(tmp_path / "cache")
    return StreamConfig(
        model=str(tiny_model),
        lcm="off",
        width=64,
        height=64,
        slots=2,
        device="cpu",
        dtype="float32",
        offline=True,
        compile_cache=cache,
    )


def start(config: StreamConfig, **more: object) -> tuple[Refit | Ready, list[Notice], list[str]]:
    """What the engine process says until it is ready, or asks for a smaller choice."""
    link = EngineLink(config, ControlStore().current, patience=PATIENCE, **more)  # type: ignore[arg-type]
    notices: list[Notice] = []
    progress: list[str] = []
    try:
        while True:
            for message in link.hear(0.1):
                match message:
                    case Refit() | Ready():
                        return message, notices, progress
                    case Notice():
                        notices.append(message)
                    case Progress():
                        progress.append(message.text)
                    case _:
                        raise AssertionError(message)
    finally:
        link.close(at_once=True)


def has_free(monkeypatch: pytest.MonkeyPatch, config: StreamConfig) -> None:
    """The engine process finds as much memory free as `config` needs."""
    monkeypatch.setenv("STREAMV2V_TEST_FREE_BYTES", str(memory_needs(config)[0].total_bytes))


def test_memory_is_looked_at_before_a_weight_is_loaded_and_a_smaller_choice_asked_for(
    config: StreamConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_free(monkeypatch, replace(config, slots=1))
    answer, _, progress = start(config, entry=SCARCE)
    assert isinstance(answer, Refit) and answer.config == replace(config, slots=1)
    for words in ("at 64x64 with 2 slots needs about", "this small card has", "running 1 slot instead of 2"):
        assert words in answer.reason
    assert not any("moving the model" in text for text in progress)


@pytest.mark.slow
def test_an_engine_started_again_that_keeps_to_what_was_asked_gets_it_with_a_word_and_its_threads_without_a_trial(
    config: StreamConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_free(monkeypatch, replace(config, slots=1))
    answer, notices, progress = start(config, entry=SCARCE, fit=False, threads_before=1)
    assert isinstance(answer, Ready)
    assert (answer.facts["threads"], answer.facts["threads_reason"]) == (1, "as before it was started again")
    assert "trying numbers of threads" not in progress
    assert answer.facts["slots"] == 2
    assert notices[0].lasting and "running it all the same, as engine.memory says" in notices[0].text
    # and nobody who has so little left compiles unasked
    assert "not compiled: that needs about" in notices[1].text and "compiled" not in answer.facts


@pytest.mark.slow
def test_a_clip_is_translated_with_the_smaller_choice(
    config: StreamConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    has_free(monkeypatch, replace(config, slots=1))
    with ClipEngine(config, Controls(), entry=SCARCE, patience=PATIENCE) as engine:
        assert engine.facts["slots"] == 1
        assert len(list(engine.translate(np.zeros((64, 64, 3), np.uint8) for _ in range(2)))) == 2
    assert "running 1 slot instead of 2" in caplog.text


@pytest.mark.slow
def test_the_number_of_threads_is_tried_and_nothing_compiled_where_that_is_switched_off(config: StreamConfig) -> None:
    config = replace(config, acceleration="none")
    answer, _, progress = start(config)
    assert isinstance(answer, Ready) and answer.facts["threads"] >= 1
    reason = answer.facts["threads_reason"]
    assert reason == "the only choice" or (reason.startswith("tried here") and "trying numbers of threads" in progress)
    if "not remembered" not in reason and reason != "the only choice":
        assert "threads" in (Path(str(config.compile_cache)) / FILE_NAME).read_text()
    assert "compiled" not in answer.facts


@pytest.mark.slow
def test_a_number_of_threads_that_was_asked_for_is_tried_by_nobody_and_the_program_compiles_in_the_background(
    config: StreamConfig,
) -> None:
    answer, _, progress = start(replace(config, acceleration="auto"), threads=1)
    assert isinstance(answer, Ready)
    assert (answer.facts["threads"], answer.facts["threads_reason"]) == (1, "asked for")
    assert "trying numbers of threads" not in progress
    assert "compiled" in answer.facts


def test_a_model_that_leaves_a_usual_value_out_is_not_refused_for_it(
    config: StreamConfig, tiny_model: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    told = json.loads((folder / "unet" / "config.json").read_text())
    (folder / "unet" / "config.json").write_text(json.dumps({k: told[k] for k in told if k != "block_out_channels"}))
    said: list[Any] = []
    end: Any = SimpleNamespace(send=said.append)
    assert check_memory(end, replace(config, model=str(folder)), lambda *_: None) is None
    assert "is not known (KeyError: 'block_out_channels')" in said[0].text
    assert "not known" in no_room_to_compile(None, 1 << 40)


def test_compiling_unasked_needs_room_for_a_second_model_and_a_compiler() -> None:
    needs = Needs({"U-Net weights": 100 * MIB})
    assert no_room_to_compile(needs, 100 * MIB + COMPILER_BYTES) == ""
    assert "are free" in no_room_to_compile(needs, 100 * MIB)


def test_a_container_that_may_take_less_than_the_machine_has_counts(tmp_path: Path) -> None:
    assert free_system_bytes(tmp_path) > 0
    (tmp_path / "memory.max").write_text(f"{100 * MIB}\n")
    (tmp_path / "memory.current").write_text(f"{90 * MIB}\n")
    # pages of files read before are given back when memory is wanted
    (tmp_path / "memory.stat").write_text(f"anon {10 * MIB}\ninactive_file {70 * MIB}\n")
    assert free_system_bytes(tmp_path) == 80 * MIB
    unlimited = free_system_bytes(tmp_path / "elsewhere")
    (tmp_path / "memory.max").write_text("max\n")
    assert free_system_bytes(tmp_path) > unlimited / 2
