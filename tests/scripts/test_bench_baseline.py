"""The plain loop that the bench compares with computes the same pictures as the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from benchmarks.baseline import BaselineStream
from benchmarks.clip import moving_clip
from benchmarks.shapes import even_out
from tiny import tiny_components

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V

PROMPT, STRENGTH, THRESHOLD, SIZE = "oil painting", 0.4, 0.9, 64
SLOTS, FRAMES = 4, 11


def order_for_both(layer: int, update: int, rows: int, tokens: int, device: torch.device) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1000 * layer + update)
    return torch.rand(rows, tokens, generator=generator).argsort(dim=1).to(device)


def components(folder: Path, prediction_type: str = "epsilon") -> Any:
    made = tiny_components(folder, prediction_type=prediction_type)
    even_out(made.unet, made.vae)
    return made


def engine_pictures(made: Any, bank: str, clip: list[np.ndarray], slots: int) -> list[np.ndarray]:
    config = StreamConfig(model="tiny", width=SIZE, height=SIZE, slots=slots, bank=BankConfig(kind=bank))
    look = Controls(prompt=PROMPT, strength=STRENGTH, fusion_threshold=THRESHOLD)
    with StreamV2V(config, made, order_source=order_for_both) as engine:
        return [engine(frame, look, now_s=0.0) for frame in clip]


def baseline_pictures(made: Any, clip: list[np.ndarray], slots: int, **changes: Any) -> list[np.ndarray]:
    options: dict[str, Any] = {"threshold": THRESHOLD, "draw": order_for_both, **changes}
    stream = BaselineStream(made, width=SIZE, height=SIZE, slots=slots, prompt=PROMPT, strength=STRENGTH, **options)
    try:
        return [stream(frame) for frame in clip]
    finally:
        stream.close()


def most_apart(ones: list[np.ndarray], others: list[np.ndarray]) -> int:
    return max(int(np.abs(one.astype(int) - other).max()) for one, other in zip(ones, others, strict=True))


@pytest.mark.parametrize("slots", [1, SLOTS])
@pytest.mark.parametrize("prediction_type", ["epsilon", pytest.param("v_prediction", marks=pytest.mark.slow)])
def test_the_plain_loop_is_the_same_method(tmp_path: Path, slots: int, prediction_type: str) -> None:
    made, clip = components(tmp_path, prediction_type), moving_clip(SIZE, SIZE)[:FRAMES]
    ours = engine_pictures(made, "paper", clip, slots)
    plain = baseline_pictures(made, clip, slots)
    assert most_apart(ours, plain) <= 1  # float32 rounding may tip a grey level
    assert ours[-1].std() > 10


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"bank": False}, {"alpha": 0.0}, {"interval": 64}], ids=str)
def test_bank_fusion_and_merging_are_seen_by_that_comparison(tmp_path: Path, change: dict[str, Any]) -> None:
    made, clip = components(tmp_path), moving_clip(SIZE, SIZE)[:FRAMES]
    whole = baseline_pictures(made, clip, SLOTS)
    assert most_apart(whole, baseline_pictures(made, clip, SLOTS, **change)) > 1


def test_without_a_bank_it_is_the_plain_stream(tmp_path: Path) -> None:
    made, clip = components(tmp_path), moving_clip(SIZE, SIZE)[:FRAMES]
    assert most_apart(engine_pictures(made, "off", clip, SLOTS), baseline_pictures(made, clip, SLOTS, bank=False)) <= 1


def test_close_gives_the_unet_its_processors_back(tmp_path: Path) -> None:
    made = components(tmp_path)
    before = dict(made.unet.attn_processors)
    baseline_pictures(made, moving_clip(SIZE, SIZE)[:1], SLOTS)
    after = made.unet.attn_processors
    assert all(after[name] is processor for name, processor in before.items())
