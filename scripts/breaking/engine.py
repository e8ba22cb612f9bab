"""The engine process of a live run broken in every way that a process can break.

The run is in this process, so that its engine, its spare and the pipe between them can be reached.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from streamv2v_cam.engine.recovery import STABLE_AFTER_S
from streamv2v_cam.engine.supervisor import EngineSupervisor
from streamv2v_cam.run.app import App
from streamv2v_cam.settings import load_settings

from .program import stop_and_go
from .rooms import Room
from .watching import Look, NotSo, Row, is_live, wait, watch

SETTINGS: dict[str, Any] = {
    # nothing else is at work beside the frames: no compiling, no other size
    "engine.acceleration": "none",
    "engine.wanted_fps": 0,
    "capture.source": "presenter",
    "publish.sinks": "null",
    "publish.preview": False,
    "control.port": 0,
    "control.open_browser": "never",
}
CALM_S = 2.0
"""After so long undisturbed the spare is begun; it is waited for all the same."""
PAUSE_S, TWITCH_S = 5.0, 1.5


class Run:
    """A run in this process.

    Args:
        folder: for its settings.
        entry: of the engine; "" for the program's own.
        settings: further ones.
    """

    def __init__(self, folder: Path, *, entry: str = "", **settings: Any) -> None:
        path = folder / "settings.toml"
        path.touch()
        loaded = load_settings(SETTINGS | settings, path)
        self.app = App(loaded, entry=entry) if entry else App(loaded)

    def __enter__(self) -> Run:
        self.app.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.app.stop()

    def look(self) -> Look:
        """How its show is now."""
        air, figures = self.app.publisher.on_air, self.app.telemetry.snapshot()
        return Look(str(air.state), air.reason, figures.styled, figures.late)

    @property
    def supervisor(self) -> EngineSupervisor:
        """Of its engine, which is on this machine."""
        assert isinstance(self.app.supervisor, EngineSupervisor)
        return self.app.supervisor

    @property
    def pid(self) -> int:
        """Of the engine.

        Raises:
            NotSo: there is none.
        """
        pid = self.supervisor.pid
        if pid is None:
            raise NotSo("there is no engine process")
        return pid

    def until_calm(self) -> None:
        """Live, with nothing else to do."""
        wait(lambda: is_live(self.look()) and not self.supervisor.status().progress, "the run live")

    def until_spared(self) -> None:
        """Live, with a spare that waits, and earlier faults forgotten as after a minute without one."""
        spare = self.supervisor.spare
        spare._calm_s = CALM_S
        self.until_calm()
        wait(lambda: spare.pid is not None, "a spare")
        _settled(spare.pid)
        self.supervisor._recovery.ran(STABLE_AFTER_S)


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Run]:
    """A live run without a spare, which comes with the second fault."""
    with Run(folder) as run:
        run.until_calm()
        yield run


def _broken(run: Run, name: str, break_it: Callable[[], object], *, most: int = 1, **more: Any) -> Row:
    """A fault after which another engine process must be at work, after so many starts at the most."""
    before = run.supervisor.restarts
    row = watch(run, name, break_it, **more)
    restarts = run.supervisor.restarts - before
    row.wrong = "" if 1 <= restarts <= most else f"{restarts} restarts instead of {most}"
    return row


def killed_without_spare(run: Run) -> Row:
    """The kernel ends the engine, soon after the start."""
    return _broken(run, "engine killed, no spare yet", lambda: os.kill(run.pid, signal.SIGKILL))


def killed(run: Run) -> Row:
    """The same later on."""
    run.until_spared()
    return _broken(run, "engine killed", lambda: os.kill(run.pid, signal.SIGKILL))


def hangs(run: Run) -> Row:
    """It is there and does nothing."""
    run.until_spared()
    return _broken(run, "engine hangs", lambda: os.kill(run.pid, signal.SIGSTOP))


def twitches(run: Run) -> Row:
    """It is stopped for less than counts as hanging, and goes on."""
    run.until_calm()
    before = run.pid
    stopping = threading.Thread(target=stop_and_go, args=([before], TWITCH_S))
    row = watch(run, f"engine stopped for {TWITCH_S:g} s", stopping.start, for_s=TWITCH_S + 2)
    row.wrong = "" if run.pid == before else "another engine is at work"
    return row


def garbage(run: Run) -> Row:
    """It sends bytes that are no message."""
    run.until_spared()

    def send() -> None:
        link: Any = run.supervisor._link
        pipe = os.readlink(f"/proc/self/fd/{link._messages.fileno()}")
        fds = Path(f"/proc/{run.pid}/fd")
        number = next(fd for fd in fds.iterdir() if os.readlink(fd) == pipe)
        number.write_bytes((8).to_bytes(4, "big") + b"garbage!")

    return _broken(run, "engine sends garbage", send)


def spare_killed(run: Run) -> Row:
    """The process that waits is ended, and after it the one at work."""
    run.until_spared()
    supervisor = run.supervisor

    def both() -> None:
        assert supervisor.spare.pid is not None
        os.kill(supervisor.spare.pid, signal.SIGKILL)
        os.kill(run.pid, signal.SIGKILL)

    # the system may still be clearing up the spare when it is taken: that start ends at once, and the next one works
    return _broken(run, "spare killed, and the engine", both, most=2)


def paused(run: Run) -> Row:
    """The whole program is stopped for five seconds and goes on, as by Ctrl-Z and fg."""
    run.until_calm()
    pids = [run.pid, os.getpid()]

    def stop() -> None:
        words = " ".join(map(str, pids))
        # begun before, because this process cannot let itself go on
        subprocess.Popen(["sh", "-c", f"sleep {PAUSE_S:g}; kill -CONT {words}"])
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    row = watch(run, f"program stopped for {PAUSE_S:g} s", stop, for_s=PAUSE_S + 2)
    row.wrong = "" if run.pid == pids[0] else "another engine is at work"
    return row


def _settled(pid: int | None) -> None:
    """Wait until a spare has imported and loaded all it can: it has slept for two seconds on end."""
    process = psutil.Process(pid)
    times: list[float] = []
    while len(times) < 8 or times[-1] < 1 or times[-1] - times[-8] > 0.05:
        times.append(sum(process.cpu_times()[:2]))
        time.sleep(0.25)


ROOM = Room(
    "engine",
    stage,
    {
        "kill-cold": killed_without_spare,
        "kill": killed,
        "stop": hangs,
        "twitch": twitches,
        "garbage": garbage,
        "spare": spare_killed,
        "pause": paused,
    },
)
