"""What the engine says of its start stays true on air: smaller than asked, compiling, compiled; real processes."""

from __future__ import annotations

import os
import sys
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import psutil
import pytest
from plugin.engine.rig import HEIGHT, Rig
from streamv2v_cam.airstate import EngineState
from streamv2v_cam.engine.link import EngineLink
from streamv2v_cam.engine.memory import EngineMemory
from streamv2v_cam.engine.protocol import NICENESS, NICENESS_VARIABLE, chosen_niceness
from streamv2v_cam.store import ControlStore

from streamv2v.config import StreamConfig


def test_an_engine_that_does_not_fit_is_started_smaller_and_that_stays_said():
    with Rig("stand-in?fits_below=96", width=128) as rig:
        assert rig.wait_frames(3).pixels.shape == (HEIGHT, 96, 3)
        assert rig.state is EngineState.RUNNING and rig.supervisor.restarts == 0
        assert rig.supervisor.status().reason == "128 px do not fit; running 96 px"


def test_an_engine_process_that_cannot_be_started_leaves_no_shared_memory(monkeypatch: pytest.MonkeyPatch):
    made: list[EngineMemory] = []
    create = EngineMemory.create
    monkeypatch.setattr(EngineMemory, "create", lambda **size: made.append(create(**size)) or made[-1])

    def refuse(entry: str) -> None:
        raise OSError("Too many open files")

    monkeypatch.setattr("streamv2v_cam.engine.link.EngineProcess", refuse)
    with pytest.raises(OSError, match="Too many"):
        EngineLink(StreamConfig(model="stand-in", width=64, height=64), ControlStore().current)
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=made[0].plan.name)


def test_where_the_user_keeps_to_what_was_asked_it_runs_and_the_shortage_stays_said():
    with Rig("stand-in?fits_below=96&notice=tight", width=128, fit=False) as rig:
        assert rig.wait_frames(3).pixels.shape == (HEIGHT, 128, 3)
        assert rig.supervisor.status().reason == "tight"


def test_a_wish_that_does_not_fit_beside_the_present_engine_is_built_after_it_and_not_smaller(tmp_path: Path):
    with Rig() as rig:
        rig.wait_frames(2)
        # with the mark, memory is short only while the present engine is there
        rig.supervisor.rebuild(
            StreamConfig(model=f"stand-in?fits_below=96&once={tmp_path / 'mark'}", width=128, height=HEIGHT)
        )
        rig.wait(lambda: rig.styled.latest and rig.styled.latest.pixels.shape == (HEIGHT, 128, 3))
        rig.wait(lambda: rig.state is EngineState.RUNNING)
        assert any("does not fit beside the present engine" in reason for reason in rig.reasons)
        assert rig.supervisor.status().reason == "" and rig.supervisor.restarts == 0


def test_a_wish_after_a_smaller_choice_carries_no_word_of_it():
    with Rig("stand-in?fits_below=96", width=128) as rig:
        rig.wait_frames(1)
        rig.supervisor.rebuild(StreamConfig(model="stand-in", width=160, height=HEIGHT))
        rig.wait(lambda: rig.styled.latest and rig.styled.latest.pixels.shape == (HEIGHT, 160, 3))
        rig.wait(lambda: rig.supervisor.status().reason == "")


def test_compiling_is_told_while_frames_go_on_and_its_outcome_is_among_the_facts():
    with Rig("stand-in?compiles=20&slow_ms=30") as rig:
        rig.wait(lambda: rig.state is EngineState.RUNNING and "compiling" in rig.supervisor.status().progress)
        rig.wait_frames(2)
        assert "compiled" not in rig.supervisor.facts
        pid = rig.supervisor.pid
        rig.wait(lambda: rig.supervisor.facts.get("compiled") == ["decoder"])
        rig.wait_frames(2)
        assert rig.supervisor.status().progress == "" and rig.supervisor.pid == pid


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has classes of priority, no niceness")
def test_the_engine_process_steps_back_behind_the_publisher_as_far_as_it_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(NICENESS_VARIABLE, "3")
    with Rig() as rig:
        rig.wait_frames(1)
        assert psutil.Process(rig.supervisor.pid).nice() == min(os.nice(0) + 3, 19)


@pytest.mark.parametrize("asked", [None, "-1", "20", "much"])
def test_untold_or_told_nonsense_it_steps_back_the_usual_way(
    asked: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.delenv(NICENESS_VARIABLE)
    if asked is not None:
        monkeypatch.setenv(NICENESS_VARIABLE, asked)
    assert chosen_niceness() == NICENESS > 0
    assert (f"{asked!r} was refused; allowed is 0 to 19" in caplog.text) == (asked is not None)
