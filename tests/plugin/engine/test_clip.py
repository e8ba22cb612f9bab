"""A clip through the engine process: as many pictures out as in, each its own, whatever the delay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamv2v_cam.engine.clip import ClipEngine
from streamv2v_cam.engine.heartbeat import Patience
from streamv2v_cam.errors import EngineError
from streamv2v_cam.frame import Pixels

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls
from streamv2v.errors import ModelError

ENTRY = f"{Path(__file__).with_name('stand_in.py')}:main"


def clip(count: int) -> Iterator[Pixels]:
    """Plain pictures of growing brightness."""
    for value in range(count):
        yield np.full((48, 64, 3), 5 * value, np.uint8)


def engine(model: str = "stand-in", *, slots: int = 1) -> ClipEngine:
    config = StreamConfig(model=model, width=96, height=64, slots=slots)
    # short only where a hang is wanted: a starved test machine is no hang
    patience = Patience(load_s=60, hang_s=1 if "hang" in model else 60)
    return ClipEngine(config, Controls(), entry=ENTRY, patience=patience)


@pytest.mark.parametrize(("count", "slots"), [(0, 2), (1, 4), (30, 1), (37, 8)])
def test_every_frame_is_answered_once_and_in_order(count: int, slots: int):
    with engine(slots=slots) as translator:
        styled = list(translator.translate(clip(count)))
        assert translator.facts["model"] == "stand-in"
    assert len(styled) == count
    assert all(picture.shape == (64, 96, 3) for picture in styled)
    brightness = [int(picture.max()) for picture in styled]
    assert brightness == sorted(brightness) and len(set(brightness)) == count


def test_a_model_that_cannot_be_used_is_said_at_the_start():
    with pytest.raises(ModelError, match="has no U-Net"):
        engine("stand-in?wrong=1").__enter__()


@pytest.mark.parametrize(
    ("fault", "words"),
    [("crash_after=5", "asked to crash"), ("kill_after=5", "was killed"), ("hang_after=5", "no sign of life")],
)
def test_an_engine_that_ends_in_the_middle_ends_the_translation_with_one_line(fault: str, words: str):
    with pytest.raises(EngineError, match=words), engine(f"stand-in?{fault}") as translator:
        list(translator.translate(clip(40)))


def test_a_clip_that_does_not_fit_is_translated_smaller_and_whole(caplog: pytest.LogCaptureFixture):
    with engine("stand-in?fits_below=80") as translator:
        styled = list(translator.translate(clip(12)))
    assert [picture.shape for picture in styled] == [(64, 80, 3)] * 12
    assert "96 px do not fit; running 80 px" in caplog.text


def test_stopping_in_the_middle_ends_the_process():
    translator = engine("stand-in?slow_ms=20", slots=2)
    with translator:
        stream = translator.translate(clip(40))
        next(stream)
    assert translator._link is not None
    assert translator._link._closed
