"""The supervisor keeps styled frames coming: after a kill, a crash, a hang, for lack of memory; real processes."""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin.engine.rig import ENTRY, HEIGHT, STAND_IN, WIDTH, Rig
from streamv2v_cam.airstate import EngineState
from streamv2v_cam.engine.heartbeat import processor_seconds

from streamv2v.config import StreamConfig


@pytest.fixture
def once(tmp_path: Path) -> Iterator[str]:
    """The part of a model's name that makes its fault happen at the first start only."""
    yield f"&once={tmp_path / 'mark'}"


def expected(value: int, prompt: str) -> np.ndarray:
    """What the stand-in makes of a plain picture."""
    spec = importlib.util.spec_from_file_location("stand_in", STAND_IN)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.styled(np.full((1, 1, 3), value, np.uint8), prompt)[0, 0]


def test_a_styled_frame_carries_number_and_time_of_the_captured_frame_it_shows():
    with Rig(slots=3) as rig:
        for _ in range(10):
            frame = rig.wait_frames(2)
            assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
            assert (frame.pixels == expected(frame.index % 200, rig.store.current.controls.prompt)).all()
            assert 0 < time.monotonic() - frame.captured_at_s < 10
        assert rig.state is EngineState.RUNNING
        assert rig.supervisor.facts["model"] == "stand-in"


def test_a_slow_engine_skips_to_the_newest_frame_and_the_skipped_are_counted():
    with Rig("stand-in?slow_ms=150", slots=1) as rig:
        first = rig.wait_frames(1)
        last = rig.wait_frames(5)
        assert last.index >= first.index + 10
        assert rig.telemetry.snapshot().captured_dropped >= 5
        assert rig.given - last.index < 40


def test_new_live_values_reach_the_running_engine():
    with Rig() as rig:
        rig.wait_frames(2)
        pid = rig.supervisor.pid
        rig.store.apply({"prompt": "something else"})
        rig.wait(lambda: is_styled_by(rig, "something else"))
        assert rig.supervisor.pid == pid and rig.supervisor.restarts == 0


def is_styled_by(rig: Rig, prompt: str) -> bool:
    frame = rig.styled.latest
    return frame is not None and bool((frame.pixels == expected(frame.index % 200, prompt)).all())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to kill by")
def test_a_killed_engine_comes_back_by_itself_and_the_reason_is_told():
    with Rig() as rig:
        before = rig.wait_frames(3)
        pid = rig.supervisor.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        rig.wait(lambda: rig.supervisor.restarts == 1)
        rig.wait(lambda: rig.state is EngineState.RUNNING)
        assert rig.wait_frames(3).index > before.index
        assert rig.supervisor.facts["threads_before"] == 3, "what it found out at its first start is found out again"
        assert rig.supervisor.pid != pid
        assert rig.reasons == ["the engine was killed (signal 9, Killed); restarting"]
        assert rig.supervisor.status().reason == ""


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("crash_after=3", "ValueError: asked to crash; restarting"),
        ("hang_after=3", "no sign of life"),
        ("memory_after=3", "out of memory: asked for too much; restarting"),
    ],
)
def test_crash_hang_and_lack_of_memory_are_told_and_survived(fault: str, words: str, once: str):
    with Rig(f"stand-in?{fault}{once}") as rig:
        rig.wait(lambda: rig.supervisor.restarts == 1)
        rig.wait(lambda: rig.state is EngineState.RUNNING)
        rig.wait_frames(5)
        assert rig.supervisor.restarts == 1
        assert len(rig.reasons) == 1 and words in rig.reasons[0]


def test_a_fault_of_the_watch_itself_costs_one_engine_and_not_the_watch(monkeypatch: pytest.MonkeyPatch):
    faults = [ModuleNotFoundError("No module named 'psutil'")]

    def seconds(pid: int | None) -> float:
        if faults:
            raise faults.pop()
        return processor_seconds(pid)

    monkeypatch.setattr("streamv2v_cam.engine.link.processor_seconds", seconds)
    with Rig() as rig:
        rig.wait_frames(2)
        assert rig.supervisor.restarts == 1
        assert any("No module named 'psutil'" in reason for reason in rig.reasons)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs Linux, which shows its shared memory as files")
def test_an_engine_whose_shared_memory_was_swept_away_can_end_and_another_comes():
    with Rig() as rig:
        rig.wait_frames(2)
        link: Any = rig.supervisor._link
        Path("/dev/shm", link._memory.plan.name).unlink()
        rig.wait_frames(2)
        os.kill(link.pid, signal.SIGKILL)
        rig.wait(lambda: rig.supervisor.restarts == 1)
        rig.wait_frames(2)


def test_a_picture_that_never_fits_is_made_smaller_until_it_does():
    with Rig("stand-in?memory_above=200", width=256, height=192, slots=1) as rig:
        rig.wait(lambda: rig.state is EngineState.RUNNING)
        assert rig.wait_frames(1).pixels.shape == (144, 192, 3)
        assert any("192x144 instead of 256x192" in reason for reason in rig.reasons)


def test_a_wrong_model_is_given_up_with_its_reason_until_another_is_asked_for():
    with Rig("stand-in?wrong=1") as rig:
        rig.wait(rig.supervisor.failed.is_set)
        status = rig.supervisor.status()
        assert status.state is EngineState.FAILED
        assert "has no U-Net. Give a folder" in status.reason
        assert rig.supervisor.restarts == 0
        rig.supervisor.rebuild(StreamConfig(model="stand-in", width=WIDTH, height=HEIGHT))
        rig.wait_frames(2)
        assert rig.state is EngineState.RUNNING and not rig.supervisor.failed.is_set()


def test_a_rebuild_takes_over_without_the_old_engine_leaving_first():
    with Rig() as rig:
        rig.wait_frames(2)
        old = rig.supervisor.pid
        rig.supervisor.rebuild(StreamConfig(model="stand-in?load_s=0.3", width=128, height=HEIGHT))
        rig.wait(lambda: "preparing" in rig.supervisor.status().progress)
        assert rig.state is EngineState.RUNNING
        assert rig.wait_frames(2).pixels.shape == (HEIGHT, WIDTH, 3)
        rig.wait(lambda: rig.styled.latest and rig.styled.latest.pixels.shape == (HEIGHT, 128, 3))
        assert rig.supervisor.pid != old and rig.supervisor.restarts == 0
        rig.wait_frames(2)


def test_a_rebuild_that_fails_keeps_the_old_engine_and_says_so():
    with Rig() as rig:
        rig.wait_frames(2)
        old = rig.supervisor.pid
        rig.supervisor.rebuild(StreamConfig(model="stand-in?wrong=1", width=WIDTH, height=HEIGHT))
        rig.wait(lambda: "kept the present engine" in rig.supervisor.status().reason)
        assert "has no U-Net" in rig.supervisor.status().reason
        rig.wait_frames(2)
        assert rig.supervisor.pid == old


def test_stop_ends_the_process_and_leaves_no_shared_memory():
    rig = Rig()
    with rig:
        rig.wait_frames(2)
        link = rig.supervisor._link
        assert link is not None
        name = link._memory.plan.name
        pid = rig.supervisor.pid
    from multiprocessing.shared_memory import SharedMemory

    import psutil

    with pytest.raises(FileNotFoundError):
        SharedMemory(name=name)
    assert pid is not None and not psutil.pid_exists(pid)
    assert rig.state is EngineState.STOPPED
    rig.supervisor.stop()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs Linux, which shows its semaphores as files")
def test_an_engine_that_was_replaced_leaves_no_semaphore_until_garbage_is_looked_for():
    gc.collect()
    gc.disable()
    try:
        with Rig() as rig:
            rig.wait_frames(2)
            link: Any = rig.supervisor._link
            semaphore = Path(f"/dev/shm/sem.{link._frame_ready._semlock.name.lstrip('/')}")
            del link
            assert semaphore.exists()
            rig.supervisor.rebuild(StreamConfig(model="stand-in", width=128, height=HEIGHT))
            rig.wait(lambda: not semaphore.exists())
    finally:
        gc.enable()


def test_stop_does_not_wait_for_a_model_that_is_still_loading():
    rig = Rig("stand-in?load_s=600")
    with rig:
        rig.wait(lambda: rig.supervisor.status().progress)
    assert rig.state is EngineState.STOPPED


def test_an_engine_whose_host_was_killed_ends_too(tmp_path: Path):
    program = tmp_path / "host.py"
    program.write_text(
        f"import sys\nsys.path[:0] = {sys.path!r}\n"
        "if __name__ == '__main__':\n"
        "    import time\n"
        "    from streamv2v.config import StreamConfig\n"
        "    from streamv2v_cam.engine.link import EngineLink\n"
        "    from streamv2v_cam.store import ControlStore\n"
        f"    link = EngineLink(StreamConfig(model='stand-in'), ControlStore().current, entry={ENTRY!r})\n"
        "    print(link.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    import psutil

    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as host:
        assert host.stdout is not None
        engine = psutil.Process(int(host.stdout.readline()))
        host.kill()
        host.wait()
        engine.wait(timeout=20)


def test_the_host_side_imports_no_torch():
    program = (
        "import sys, streamv2v_cam.engine.supervisor, streamv2v_cam.engine.clip\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'diffusers', 'transformers')])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    found = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
