"""A spare process is begun once all is calm and memory allows, and takes the next engine's place; real processes."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from patience import until
from plugin.engine.rig import ENTRY, Rig
from streamv2v_cam.airstate import EngineState
from streamv2v_cam.engine.spare import MARGIN_BYTES, SpareEngine

from streamv2v.config import StreamConfig

CONFIG = StreamConfig(model="stand-in")
USED = 100 << 20


def spare(*, calm_s: float = 0.0, free: int = USED + MARGIN_BYTES) -> SpareEngine:
    return SpareEngine(ENTRY, calm_s=calm_s, free_bytes=lambda: free, used_bytes=lambda pid: USED)


def test_there_is_none_before_the_engine_was_calm_for_a_while_nor_without_room_nor_unwanted():
    waiting, poor = spare(calm_s=3600), spare(free=USED + MARGIN_BYTES - 1)
    unwanted = SpareEngine(ENTRY, wanted=False, calm_s=0)
    for candidate in (waiting, poor, unwanted):
        candidate.calm(CONFIG, os.getpid())
        candidate.calm(CONFIG, os.getpid())
        assert candidate.pid is None and candidate.take() is None


def test_one_is_begun_and_given_away_once():
    here = spare()
    here.calm(CONFIG, os.getpid())
    here.calm(CONFIG, os.getpid())
    pid = here.pid
    process = here.take()
    assert process is not None and process.process.pid == pid
    assert here.pid is None and here.take() is None
    process.end()
    process.end()


def test_one_that_died_is_not_given_away_and_one_that_is_given_up_ends():
    here = spare()
    here.calm(CONFIG, os.getpid())
    held = here._process
    assert held is not None
    held.process.kill()
    assert until(lambda: not held.process.is_alive())
    assert here.take() is None
    other = spare()
    other.calm(CONFIG, os.getpid())
    other.give_up()
    other.calm(CONFIG, os.getpid())
    assert other.pid is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to kill by")
def test_a_killed_engine_is_followed_by_the_spare_which_goes_on_in_its_place():
    with Rig() as rig:
        rig.supervisor.spare = spare()
        rig.wait(lambda: rig.supervisor.spare.pid)
        expected, first = rig.supervisor.spare.pid, rig.supervisor.pid
        assert first is not None and expected != first
        os.kill(first, signal.SIGKILL)
        rig.wait(lambda: rig.supervisor.pid == expected)
        rig.wait_frames(3)
        assert rig.state is EngineState.RUNNING and rig.supervisor.restarts == 1


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc, to write into another process's pipe")
def test_bytes_that_are_no_message_are_a_crash_like_another():
    with Rig() as rig:
        rig.wait_frames(2)
        link = rig.supervisor._link
        assert link is not None
        pipe = os.readlink(f"/proc/self/fd/{link._messages.fileno()}")
        fds = f"/proc/{rig.supervisor.pid}/fd"
        number = next(fd for fd in os.listdir(fds) if os.readlink(f"{fds}/{fd}") == pipe)
        with open(f"{fds}/{number}", "wb") as writing:
            writing.write((8).to_bytes(4, "big") + b"garbage!")
        rig.wait(lambda: any("no message" in reason for reason in rig.reasons))
        rig.wait_frames(3)
        assert rig.supervisor.restarts == 1
