"""StreamConfig: what cannot be built is refused in one line that says what is allowed."""

from __future__ import annotations

import pytest

from streamv2v.config import BEST_BANK, BEST_CONTROLS, BankConfig, Lora, StreamConfig
from streamv2v.controls import Controls
from streamv2v.errors import ConfigError


@pytest.mark.parametrize(
    ("values", "field", "allowed"),
    [
        ({"width": 100}, "width", "multiple of 8"),
        ({"width": 56}, "width", "64 to 2048"),
        ({"height": 4096}, "height", "64 to 2048"),
        ({"height": 256.0}, "height", "multiple of 8"),
        ({"slots": 0}, "slots", "1 to 8"),
        ({"slots": 9}, "slots", "1 to 8"),
        ({"guidance": "strong"}, "guidance", "initialize"),
        ({"device": "gpu"}, "device", "cuda"),
        ({"dtype": "int8"}, "dtype", "bfloat16"),
        ({"acceleration": "fast"}, "acceleration", "graph"),
        ({"lcm": "yes"}, "lcm", "auto"),
        ({"model": ""}, "model", "embedded"),
        ({"scene_cut_threshold": 2.0}, "scene_cut_threshold", "0 to 1"),
    ],
)
def test_an_impossible_value_is_refused_with_what_is_allowed(values, field, allowed):
    with pytest.raises(ConfigError, match=rf"^{field}: .*{allowed}"):
        StreamConfig(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "loop"},
        {"queue_length": 0},
        {"queue_length": 17},
        {"token_age_limit": 0},
        {"matching": "near"},
        {"window": 0},
        {"storage": "int4"},
    ],
)
def test_an_impossible_bank_is_refused(values):
    with pytest.raises(ConfigError, match="allowed is"):
        BankConfig(**values)


@pytest.mark.parametrize(
    ("values", "instead"),
    [
        ({"matching": "window", "kind": "queue"}, "exact"),
        ({"matching": "window", "merge_split": "grid"}, "random"),
    ],
)
def test_choices_of_the_bank_that_exclude_each_other_are_refused_with_what_goes(values, instead):
    with pytest.raises(ConfigError, match=rf"^matching: 'window' was refused.*llowed is '{instead}'"):
        BankConfig(**values)


def test_a_lora_needs_a_source_and_a_sane_scale():
    assert Lora("style.safetensors", 0.8).scale == 0.8
    for wrong in (("", 1.0), ("style.safetensors", 3.0)):
        with pytest.raises(ConfigError):
            Lora(*wrong)


def test_a_stream_batch_lags_by_its_slots_less_one_and_sequential_steps_by_nothing():
    assert StreamConfig(slots=4).delay_frames == 3
    assert StreamConfig(slots=1).delay_frames == 0
    assert StreamConfig(slots=4, sequential=True).delay_frames == 0


@pytest.mark.parametrize("device", ["cpu", "mps"])
@pytest.mark.parametrize("acceleration", ["graph", "graph+compile"])
def test_graphs_without_cuda_are_refused_with_what_to_choose(acceleration, device):
    with pytest.raises(ConfigError, match=r"CUDA alone.*choose 'auto' or 'none'"):
        StreamConfig(acceleration=acceleration, device=device)


@pytest.mark.parametrize(
    ("acceleration", "captures", "compiles"),
    [
        ("auto", False, False),
        ("none", False, False),
        ("graph", True, False),
        ("compile", False, True),
        ("graph+compile", True, True),
    ],
)
def test_an_acceleration_says_what_it_asks_for(acceleration, captures, compiles):
    config = StreamConfig(acceleration=acceleration, device="cuda")
    assert (config.captures, config.compiles) == (captures, compiles)


def test_a_numbered_gpu_is_a_device():
    assert StreamConfig(device="cuda:1").device == "cuda:1"


@pytest.mark.parametrize(
    ("bank", "title"),
    [
        (BankConfig(), "paper"),
        (BankConfig.best(), "best"),
        (BankConfig(kind="off", merge_seed=7), "off"),
        (BankConfig(kind="queue", queue_length=2), "queue, queue_length=2"),
        (BankConfig(storage="fp8"), "paper, storage=fp8"),
        (BankConfig.best(spread=False), "best, spread=False"),
    ],
)
def test_a_bank_is_called_by_what_runs(bank: BankConfig, title: str):
    assert bank.title == title


def test_the_best_bank_is_the_papers_with_the_winners_and_can_be_changed_like_any_other():
    assert BankConfig.best() == BankConfig(**BEST_BANK) != BankConfig()
    assert BankConfig.best(merge_seed=7, spread=False) == BankConfig(**{**BEST_BANK, "merge_seed": 7, "spread": False})
    assert Controls().patched(BEST_CONTROLS).as_dict() == Controls().as_dict() | BEST_CONTROLS
