"""What becomes of a show when something breaks: what is on air, what is said, and after how long it is live again.

Runs the program itself with the embedded model and the drawn presenter, and breaks one thing after the other:

    python scripts/faults.py                      # all: engine faults, a full disk (as root), a killed program, OBS
    python scripts/faults.py --busy 1             # the same beside one busy core
    python scripts/faults.py --only kill,stop

Prints a table for people and JSON on the last line. Needs Linux, for its signals and /proc.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from faults_program import LIMIT_S, LOOK_S, busy_cores, disk_full, host_killed, last_line, obs_elsewhere, table, wait
from streamv2v_cam.run.app import App
from streamv2v_cam.settings import load_settings

SETTINGS = {
    # nothing else is at work beside the frames: no compiling
    "engine.acceleration": "none",
    "capture.source": "presenter",
    "publish.sinks": "null",
    "control.port": 0,
    "control.open_browser": "never",
}
CALM_S = 2.0
"""After so long undisturbed the spare is begun; it is waited for all the same."""


def kill(app: App) -> None:
    """The kernel ends the engine, as for lack of memory."""
    os.kill(_pid(app), signal.SIGKILL)


def stop(app: App) -> None:
    """The engine hangs: it is there and does nothing."""
    os.kill(_pid(app), signal.SIGSTOP)


def garbage(app: App) -> None:
    """The engine sends bytes that are no message."""
    link: Any = app.supervisor._link
    pipe = os.readlink(f"/proc/self/fd/{link._messages.fileno()}")
    fds = Path(f"/proc/{_pid(app)}/fd")
    number = next(fd for fd in fds.iterdir() if os.readlink(fd) == pipe)
    number.write_bytes((8).to_bytes(4, "big") + b"garbage!")


def pause_all(app: App) -> None:
    """The whole program is stopped for five seconds and goes on, as by Ctrl-Z and fg."""
    script = f"sleep 5; kill -CONT {os.getpid()} {_pid(app)}"
    subprocess.Popen(["sh", "-c", script])
    os.kill(_pid(app), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)


FAULTS: dict[str, Callable[[App], None]] = {"kill": kill, "stop": stop, "garbage": garbage, "pause": pause_all}
WORDS = {
    "kill": "engine killed",
    "stop": "engine hangs",
    "garbage": "engine sends garbage",
    "pause": "program stopped for 5 s",
}
AROUND: dict[str, Callable[[Path], dict[str, Any]]] = {"disk": disk_full, "host": host_killed, "obs": obs_elsewhere}


def _pid(app: App) -> int:
    pid = app.supervisor.pid
    assert pid is not None
    return pid


def engine_fault(name: str, *, spare: bool) -> dict[str, Any]:
    """Break the engine of a live run and watch it come back."""
    app = App(load_settings(SETTINGS | {"engine.spare": spare}, None))
    app.start()
    try:
        wait(lambda: app.publisher.on_air.state == "live" and not app.supervisor.status().progress)
        if spare:
            app.supervisor._spare._calm_s = CALM_S
            wait(lambda: app.supervisor._spare.pid is not None)
            _settled(app.supervisor._spare.pid)
        before = app.telemetry.snapshot()
        restarts, said = app.supervisor.restarts, ""
        broken = app.supervisor.pid
        began_s = time.monotonic()
        FAULTS[name](app)
        states, noticed_s = ["live"], None
        styled = before.styled
        while (now_s := time.monotonic() - began_s) < LIMIT_S:
            air = app.publisher.on_air
            if air.state != states[-1]:
                states.append(str(air.state))
            if noticed_s is None and air.state != "live":
                noticed_s, said = now_s, air.reason
            back = app.supervisor.restarts > restarts or name == "pause"
            if back and air.state == "live" and app.telemetry.snapshot().styled > styled:
                break
            if app.supervisor.pid != broken:
                # the old engine's last frame may have come after the fault
                broken, styled = app.supervisor.pid, app.telemetry.snapshot().styled
            time.sleep(LOOK_S)
        figures = app.telemetry.snapshot()
        return {
            "fault": WORDS[name] + ("" if spare else ", no spare yet"),
            "on air": " > ".join(states),
            "said": said or "nothing",
            "noticed_s": None if noticed_s is None else round(noticed_s, 1),
            "live_again_s": round(now_s, 1),
            "late beats": figures.late - before.late,
            "restarts": app.supervisor.restarts - restarts,
        }
    finally:
        app.stop()


def _settled(pid: int | None) -> None:
    """Wait until a spare has imported and loaded all it can: it has slept for two seconds on end."""
    process = psutil.Process(pid)
    times: list[float] = []
    while len(times) < 8 or times[-1] < 1 or times[-1] - times[-8] > 0.05:
        times.append(sum(process.cpu_times()[:2]))
        time.sleep(0.25)


def main() -> None:
    """Break what was asked for, one after the other, and print what came of it."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("--only", default=",".join([*FAULTS, "kill-cold", *AROUND]))
    asking.add_argument("--busy", type=int, default=0, help="cores kept busy meanwhile")
    asked = asking.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place, busy_cores(asked.busy):
        folder = Path(place)
        os.environ["STREAMV2V_CONFIG"] = str(folder / "settings.toml")
        os.environ["STREAMV2V_PUBLISH__RECORD_FOLDER"] = str(folder / "videos")
        for name in asked.only.split(","):
            if name in FAULTS:
                rows.append(engine_fault(name, spare=True))
            elif name == "kill-cold":
                rows.append(engine_fault("kill", spare=False))
            else:
                rows.append(AROUND[name](folder))
            print("; ".join(f"{key}: {value}" for key, value in rows[-1].items()), flush=True)
    print(table(rows))
    print(last_line(rows, asked.busy))


if __name__ == "__main__":
    main()
