"""Pictures of looks are drawn one after the other while there is time, by a real engine process with a tiny model."""

from __future__ import annotations

import numpy as np
import pytest
from patience import until
from streamv2v_cam.engine.portraits import Portraits
from streamv2v_cam.frame import Frame
from streamv2v_cam.looks import Look
from streamv2v_cam.mailbox import Mailbox

from streamv2v.config import StreamConfig

ENTRY = "streamv2v_cam.engine.worker:main"
"""Without the step back to idle time: no test waits for a process of low priority."""
LOOKS = [Look(name, values={"prompt": name, "strength": 0.6}) for name in ("oil", "neon", "ink")]


def portraits_of(model, drawn: dict[str, bytes], may, goes_on=lambda: True) -> Portraits:
    raw: Mailbox[Frame] = Mailbox()
    raw.put(Frame(np.random.default_rng(0).integers(0, 255, (72, 128, 3), np.uint8), 7, 0.0))
    config = StreamConfig(model=str(model), width=64, height=64, slots=2)
    return Portraits(
        config,
        raw,
        missing=lambda: [look for look in LOOKS if look.name not in drawn],
        put=drawn.__setitem__,
        may=may,
        goes_on=goes_on,
        entry=ENTRY,
        before_s=0.05,
    )


@pytest.mark.slow
def test_every_look_that_has_none_gets_a_picture_of_its_own(tiny_model):
    drawn: dict[str, bytes] = {"ink": b"there already"}
    portraits = portraits_of(tiny_model, drawn, lambda: True)
    portraits.start()
    try:
        assert until(lambda: len(drawn) == 3, within_s=60)
    finally:
        portraits.stop()
        portraits.stop()
    assert drawn["ink"] == b"there already"
    assert all(drawn[name][:2] == b"\xff\xd8" for name in ("oil", "neon"))
    assert drawn["oil"] != drawn["neon"]


def test_nothing_is_begun_without_time_for_it(tiny_model):
    asked: list[bool] = []
    drawn: dict[str, bytes] = {}

    def may() -> bool:
        asked.append(True)
        return False

    portraits = portraits_of(tiny_model, drawn, may)
    portraits.start()
    assert until(lambda: len(asked) > 3)
    portraits.stop()
    assert drawn == {}


@pytest.mark.slow
def test_what_was_begun_goes_on_when_it_could_not_begin_any_more(tiny_model):
    drawn: dict[str, bytes] = {}
    begun = iter([True] * 4)
    portraits = portraits_of(tiny_model, drawn, lambda: next(begun, False))
    portraits.start()
    try:
        assert until(lambda: len(drawn) == 3, within_s=60)
    finally:
        portraits.stop()
