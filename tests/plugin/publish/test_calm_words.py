"""What viewers may read on a slate, and what is for the person alone."""

from __future__ import annotations

import numpy as np
import pytest
from patience import until
from plugin.publish.test_publisher import HEIGHT, WIDTH, Rig
from streamv2v_cam.airstate import AirState, EngineState, EngineStatus
from streamv2v_cam.publish.slate import Slate


@pytest.mark.parametrize("asked_for", [False, True])
def test_viewers_read_reasons_only_where_the_person_wants_them_to(asked_for: bool) -> None:
    slate, why = Slate(WIDTH, HEIGHT), "killed by /home/me/secret.mp4"
    calm = slate.picture(AirState.ENGINE_RESTARTING)
    full = slate.picture(AirState.ENGINE_RESTARTING, why, "loading torch")
    assert not np.array_equal(calm, full)
    rig = Rig(slate_reasons=asked_for)
    rig.publisher.start()
    rig.engine = EngineStatus(EngineState.RESTARTING, why, "loading torch")
    try:
        assert until(lambda: np.array_equal(rig.eye.last, full if asked_for else calm))
        assert rig.publisher.on_air.reason == why
    finally:
        rig.publisher.stop()
