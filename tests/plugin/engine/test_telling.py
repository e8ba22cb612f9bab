"""How an engine is said to be: what it does beside its frames, and nothing that is over."""

from __future__ import annotations

from streamv2v_cam.airstate import EngineState, EngineStatus
from streamv2v_cam.engine.protocol import Notice, Progress
from streamv2v_cam.engine.telling import Telling


def test_why_it_was_restarted_is_over_with_its_first_picture_and_what_it_does_beside_goes_on() -> None:
    telling = Telling()
    telling.say(EngineState.RESTARTING, "the engine was killed; restarting")
    telling.waiting()
    telling.hear(Progress("getting OpenVINO ready"))
    telling.running()
    assert telling.status == EngineStatus(EngineState.RUNNING, "", "getting OpenVINO ready")


def test_what_stays_to_be_said_of_an_engine_is_there_with_its_first_picture() -> None:
    telling = Telling()
    telling.hear(Notice("it runs smaller than asked", True))
    telling.waiting()
    telling.running()
    assert telling.status == EngineStatus(EngineState.RUNNING, "it runs smaller than asked", "")
