"""An engine that is unloaded ends its process, counts as no fault, and draws again once it is wanted."""

from __future__ import annotations

from plugin.engine.rig import Rig
from streamv2v_cam.airstate import EngineState


def test_an_unloaded_engine_ends_without_a_fault_and_is_started_again_when_it_is_wanted() -> None:
    with Rig() as rig:
        rig.wait_frames(2)
        first = rig.supervisor.pid
        rig.supervisor.unload()
        rig.wait(lambda: rig.supervisor.pid is None)
        rig.wait(lambda: rig.state is EngineState.STARTING)
        assert rig.supervisor.restarts == 0 and rig.reasons == []
        rig.supervisor.load_again()
        rig.wait_frames(2)
        assert rig.supervisor.pid not in (None, first) and rig.state is EngineState.RUNNING


def test_a_program_that_ends_while_its_engine_is_unloaded_ends_at_once() -> None:
    with Rig() as rig:
        rig.wait_frames(1)
        rig.supervisor.unload()
        rig.wait(lambda: rig.supervisor.pid is None)
    assert rig.state is EngineState.STOPPED
