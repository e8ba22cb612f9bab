"""OpenVINO beside the running engine: converted apart, taken where faster, and the picture stays."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import one_level_unet, tiny_components

from streamv2v import Controls, StreamConfig, StreamV2V
from streamv2v.config import BankConfig
from streamv2v.errors import ConfigError
from streamv2v.models.loading import Components
from streamv2v.tuning.autotune import FILE_NAME, Trials
from streamv2v.tuning.background_converting import PASSING_TRIES, BackgroundConverting
from streamv2v.tuning.background_tuning import BackgroundTuning, wants_converting
from streamv2v.tuning.compiling import PARTS, Examples
from streamv2v.tuning.compiling_child import compiling_child
from streamv2v.tuning.converting import convert_part, folder_for
from streamv2v.tuning.openvino_runtime import GraphFolder, openvino_missing

needs_openvino = pytest.mark.skipif(bool(openvino_missing()), reason="OpenVINO is not installed")
CPU = torch.device("cpu")
CLIP = [np.random.default_rng(number // 2).integers(0, 255, (64, 64, 3), dtype=np.uint8) for number in range(8)]


def config_for(folder: Path, **more: Any) -> StreamConfig:
    shape = {"width": 64, "height": 64, "slots": 1, "device": "cpu", "dtype": "float32"}
    return StreamConfig(**{**shape, "bank": BankConfig.best(), "compile_cache": str(folder / "cache"), **more})


def few_layers(folder: Path) -> Components:
    return replace(tiny_components(folder), unet=one_level_unet())


def draw(engine: StreamV2V) -> list[np.ndarray]:
    return [engine(frame, Controls(update_interval=2, motion_gate=0.5), now_s=0.0) for frame in CLIP]


def convert_all(folder: Path, **more: Any) -> None:
    """Leave the U-Net and the decoder converted in the cache of `folder`, as a child does."""
    config, components = config_for(folder, **more), few_layers(folder)
    examples = Examples()
    with StreamV2V(config, components) as engine:
        with examples.watching(components):
            engine.warm_up()
        draw(engine)
        for part in ("unet", "decoder"):
            place = folder_for(config, components, part, folder / "cache")
            assert convert_part(components, part, examples.calls[part], place) < 1e-4


def drawn(folder: Path, config: StreamConfig) -> list[np.ndarray]:
    """What the engine draws with its own networks."""
    with StreamV2V(config, few_layers(folder)) as plain:
        plain.warm_up()
        return draw(plain)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cache in which the U-Net and the decoder lie converted."""
    folder = tmp_path_factory.mktemp("converted")
    convert_all(folder)
    return folder


def converting(config: StreamConfig, components: Components, **more: Any) -> BackgroundConverting:
    return BackgroundConverting(config, components, parts=("unet", "decoder"), **more)


@pytest.mark.slow
@needs_openvino
def test_converted_networks_asked_for_draw_the_same_pictures(converted: Path) -> None:
    config = config_for(converted, acceleration="openvino")
    wanted = drawn(converted, config)
    components = few_layers(converted)
    with StreamV2V(config, components) as engine:
        engine.warm_up()
        work = converting(config, components, asked=True)
        work.start()
        assert work.wait(120) and not work.trials  # only whoever owns the engine puts it in
        work.hand_over(engine.use_networks)
        found = draw(engine)
        work.hand_over(engine.use_networks)
    assert work.facts()["openvino"] == ["unet", "decoder"] and "U-Net in use" in work.outcome
    assert work.left == [] and not any(trial.failed for trial in work.trials.values())
    assert max(np.abs(a.astype(int) - b.astype(int)).max() for a, b in zip(found, wanted, strict=True)) <= 2


@pytest.mark.slow
@needs_openvino
@pytest.mark.parametrize(
    "bank",
    [
        BankConfig(),
        BankConfig(spread=True),
        BankConfig(kind="queue", queue_length=2),
        BankConfig(kind="off"),
    ],
    ids=["paper", "spread", "queue", "off"],
)
def test_every_kind_of_bank_goes_through_a_converted_network_unchanged(tmp_path: Path, bank: BankConfig) -> None:
    config = config_for(tmp_path, bank=bank, acceleration="openvino")
    convert_all(tmp_path, bank=bank)
    wanted = drawn(tmp_path, config)
    components = few_layers(tmp_path)
    with StreamV2V(config, components) as engine:
        engine.warm_up()
        work = converting(config, components, asked=True)
        work.start()
        assert work.wait(120)
        work.hand_over(engine.use_networks)
        found = draw(engine)
    assert work.facts()["openvino"] == ["unet", "decoder"] and not any(t.failed for t in work.trials.values())
    assert max(np.abs(a.astype(int) - b.astype(int)).max() for a, b in zip(found, wanted, strict=True)) <= 2


@pytest.mark.slow
@needs_openvino
def test_unasked_they_are_tried_on_the_frames_on_air_and_the_answer_is_remembered(converted: Path) -> None:
    config, components = config_for(converted), few_layers(converted)
    with StreamV2V(config, components) as engine:
        engine.warm_up()
        work = converting(config, components, asked=False)
        work.start()
        assert work.wait(120)
        work.hand_over(engine.use_networks)
        assert work.trying
        for _ in range(4):
            draw(engine)
        work.hand_over(engine.use_networks)
        assert not work.trying and work.left is not None
        known = Trials(converted / "cache").recall("openvino", work._key("unet"))
        assert known["used"] == work.trials["unet"].used and set(known["times_ms"]) == {"plain", "other"}
        work.again()
        assert work.trying and work.left is None


@needs_openvino
def test_graphs_of_other_weights_lie_elsewhere(converted: Path) -> None:
    config, components = config_for(converted), few_layers(converted)
    first = folder_for(config, components, "unet", converted / "cache")
    assert GraphFolder(first).complete
    with torch.no_grad():
        next(components.unet.parameters()).add_(1e-3)
    assert folder_for(config, components, "unet", converted / "cache") != first


@needs_openvino
def test_graphs_that_cannot_be_read_leave_the_plain_network_and_are_made_anew(converted: Path, tmp_path: Path) -> None:
    config, components = config_for(tmp_path), few_layers(tmp_path)
    folder = folder_for(config, components, "decoder", tmp_path / "cache")
    folder.mkdir(parents=True)
    (folder / "graphs.json").write_text("[[[1, 4, 8, 8]]]")
    (folder / "0.xml").write_text("cut off")
    work = BackgroundConverting(config, components, asked=True, parts=("decoder",))
    work.start()
    assert work.wait(120)
    work.hand_over(lambda **_: pytest.fail("nothing can be put in"))
    assert "decoder stays as it is" in work.outcome and not GraphFolder(folder).complete


@needs_openvino
@pytest.mark.parametrize(("passing", "starts"), [(False, 1), (True, PASSING_TRIES)], ids=["for good", "may pass"])
def test_a_failure_is_told_and_not_tried_at_every_start_one_that_may_pass_a_few_times(
    tmp_path: Path, passing: bool, starts: int
) -> None:
    config, components = config_for(tmp_path), few_layers(tmp_path)
    asked: list[list[str]] = []

    def by_child(unknown: dict[str, Path]) -> Iterator[tuple[str, str, bool]]:
        asked.append(list(unknown))
        return iter([(part, "no room", passing) for part in unknown])

    for _ in range(starts + 2):
        work = BackgroundConverting(config, components, asked=False, parts=("decoder",))
        work._by_child = by_child  # type: ignore[method-assign]
        work.start()
        assert work.wait(120)
        work.hand_over(lambda **_: None)
        assert work.outcome == "OpenVINO: decoder stays as it is (no room)" and work.left == ["decoder"]
    assert asked == [["decoder"]] * starts
    assert GraphFolder(folder_for(config, components, "decoder", tmp_path / "cache")).complete is False


@needs_openvino
def test_a_child_that_ends_early_may_do_better_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the child finds no preconvert to run, and dies as one that is killed does
    usual = compiling_child
    monkeypatch.setattr(
        "streamv2v.tuning.background_converting.compiling_child",
        lambda *what, **how: usual(*what, **{**how, "entry": "no_such_module", "niceness": 0}),
    )
    config, components = config_for(tmp_path), few_layers(tmp_path)
    work = BackgroundConverting(config, components, asked=False, parts=("decoder",))
    work.start()
    assert work.wait(120)
    work.hand_over(lambda **_: None)
    assert work.outcome == "OpenVINO: decoder stays as it is (the converting process ended early)"
    folder = folder_for(config, components, "decoder", tmp_path / "cache")
    assert work._failures(folder) == ("the converting process ended early", 1)


def test_a_machine_without_openvino_starts_as_ever_says_so_and_remembers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    config, components = config_for(tmp_path), few_layers(tmp_path)
    work = BackgroundConverting(config, components, asked=False)
    work.start()
    assert work.wait(120)
    work.hand_over(lambda **_: pytest.fail("nothing was converted"))
    assert "not installed" in work.facts()["runtime"] and work.facts()["openvino"] == []
    assert sorted(work.left or []) == sorted(PARTS)
    assert not (tmp_path / "cache" / FILE_NAME).exists()


def test_what_openvino_leaves_is_compiled_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, components = config_for(tmp_path), few_layers(tmp_path)
    begun: list[Any] = []
    monkeypatch.setattr(
        "streamv2v.tuning.background_compiling.BackgroundCompiling.start", lambda one: begun.append(one)
    )
    work = converting(config, components, asked=False)
    tuning = BackgroundTuning(config, components, Examples(), work)
    tuning.hand_over(lambda **_: None)
    assert tuning.compiling is None
    work.left = ["decoder"]
    for _ in range(2):
        tuning.hand_over(lambda **_: None)
    assert begun == [tuning.compiling] and tuning.compiling._parts == ["decoder"]  # type: ignore[union-attr]


@needs_openvino
def test_nothing_is_reported_over_the_network(converted: Path) -> None:
    # the converter reports through this package where it finds it
    assert converted.exists() and sys.modules["openvino_telemetry"] is None


def test_it_is_for_a_cpu_that_can_keep_graphs_and_for_whoever_asks(tmp_path: Path) -> None:
    assert wants_converting(config_for(tmp_path), CPU) == "if faster"
    assert wants_converting(config_for(tmp_path), torch.device("cuda")) == ""
    assert wants_converting(config_for(tmp_path, compile_cache=None), CPU) == ""
    assert wants_converting(config_for(tmp_path, acceleration="none"), CPU) == ""
    assert wants_converting(config_for(tmp_path, acceleration="openvino"), CPU) == "asked"
    with pytest.raises(ConfigError, match="compile_cache"):
        config_for(tmp_path, acceleration="openvino", compile_cache=None)


def test_stopped_before_it_has_begun_it_leaves_nothing_behind(tmp_path: Path) -> None:
    config, components = config_for(tmp_path), few_layers(tmp_path)
    work = converting(config, components, asked=False)
    work.stop()
    work.start()
    assert work.wait(60) and work.outcome == ""
