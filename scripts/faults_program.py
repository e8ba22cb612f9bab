"""What scripts/faults.py breaks around the real program: its disk, the whole of it, and OBS beside it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
from obs.headless import HeadlessObs, free_port, missing
from obs.program_restart import play
from streamv2v_cam.obs.errors import ObsError
from streamv2v_cam.obs.host import check_address, request_json
from streamv2v_cam.obs.process import server_address, token_of
from streamv2v_cam.settings import load_settings

LIMIT_S = 240.0
LOOK_S = 0.02
RECORDED_S = 5.0


class Program:
    """`streamv2v-cam run` in a process of its own, with the embedded model and the drawn presenter.

    Args:
        folder: for its settings.
        options: further ones of `run`.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        path = folder / "settings.toml"
        path.write_text(f'[control]\nport = {free_port()}\n[engine]\nacceleration = "none"\n')
        settings = load_settings({}, path)
        self._place, self._token = check_address(server_address(settings)), token_of(settings)
        command = [sys.executable, "-m", "streamv2v_cam", "run", "-i", "presenter", "--no-open", *options]
        environment = os.environ | {"STREAMV2V_CONFIG": str(path)}
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.states: list[str] = []
        """What was on air, each state once in a row."""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request to its API; empty while it does not answer."""
        try:
            return request_json(self._place, method, path, self._token(), body)
        except ObsError:
            return {}

    def look(self) -> dict[str, Any]:
        """Its state now, which is noted."""
        told = self.ask("GET", "/api/state")
        state = told.get("air", {}).get("state")
        if state and self.states[-1:] != [state]:
            self.states.append(state)
        return told

    def until_live(self) -> None:
        """Wait for the first look on air; what was there before does not count."""
        wait(lambda: self.look().get("air", {}).get("state") == "live")
        self.states = ["live"]

    def end(self) -> str:
        """What it said on the terminal; ended where it has not."""
        if self.process.poll() is None:
            self.process.kill()
        return self.process.communicate()[1]


def disk_full(folder: Path) -> dict[str, Any]:
    """A recording on a disk of 3 MB beside another output."""
    mounted = folder / "small"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(mounted)], check=True)
    target = mounted / "o.mp4"
    program = Program(folder, "--sink", "null", "--sink", str(target), "--for", "25", "--json")
    heard = threading.Thread(target=lambda: program.process.wait())
    heard.start()
    try:
        program.until_live()
        began_s, noticed_s = time.monotonic(), None
        while heard.is_alive() and time.monotonic() - began_s < LIMIT_S:
            program.look()
            if noticed_s is None and program.states[-1] != "live":
                noticed_s = time.monotonic() - began_s
            heard.join(LOOK_S)
        code, said = program.process.returncode, program.end()
        line = next((line for line in said.splitlines() if "ended" in line), "nothing")
        frames, seconds = frames_of(target)
        return {
            "fault": "disk full while recording",
            "on air": " > ".join(program.states),
            "said": line.strip(),
            "recorded_s": None if noticed_s is None else round(noticed_s, 1),
            "kept_s": round(seconds, 1),
            "kept": frames,
            "exit code": code,
        }
    finally:
        program.end()
        subprocess.run(["umount", str(mounted)], check=False)


def host_killed(folder: Path) -> dict[str, Any]:
    """The whole program is killed in the middle of a recording by command, and started again."""
    program = Program(folder, "--sink", "null")
    try:
        program.until_live()
        program.ask("POST", "/api/commands", {"command": "start_recording"})
        while (now := program.ask("GET", "/api/state")["recording"])["seconds"] < RECORDED_S:
            time.sleep(LOOK_S)
        program.process.kill()
    finally:
        program.end()
    path = Path(now["folder"]) / now["file"]
    frames, seconds = frames_of(path)
    again = Program(folder, "--sink", "null")
    began_s = time.monotonic()
    try:
        again.until_live()
        live_s = time.monotonic() - began_s
    finally:
        again.end()
        path.unlink()
    return {
        "fault": "program killed while recording",
        "on air": "nothing more",
        "said": "nothing",
        "recorded_s": now["seconds"],
        "kept_s": round(seconds, 2),
        "kept": frames,
        "live_again_s": round(live_s, 1),
    }


def obs_elsewhere(folder: Path) -> dict[str, Any]:
    """The program is started again while OBS shows another scene, with the page's picture in the first one."""
    if (reason := missing()) is not None:
        raise SystemExit(f"error: {reason}")
    place = folder / "obs"
    place.mkdir()
    with HeadlessObs(place, scenes=("Main", "Other")) as obs:
        found = play(place, obs, 1)[0]
    return {
        "fault": "program started again, OBS at another scene",
        "on air": f"{'black > ' if found['dead_first'] else ''}the page's picture in OBS",
        "said": "nothing",
        "picture_in_obs_s": found["shown_s"],
        "live_again_s": found["live_s"],
    }


def frames_of(path: Path) -> tuple[int, float]:
    """How many pictures of a file can be decoded, and how many seconds they last."""
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 30)
        frames = sum(1 for _ in container.decode(video=0))
    return frames, frames / rate


def wait(true: Callable[[], object]) -> None:
    """Until it is so.

    Raises:
        SystemExit: not within the limit.
    """
    until_s = time.monotonic() + LIMIT_S
    while not true():
        if time.monotonic() > until_s:
            raise SystemExit("the program did not get that far")
        time.sleep(LOOK_S)


@contextlib.contextmanager
def busy_cores(number: int) -> Iterator[None]:
    """Processes that take a core each, beside what is measured."""
    loads = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.wait()


def table(rows: list[dict[str, Any]]) -> str:
    """Rows of one run for people: fault, on air, said, the figures that each has."""
    names = ("noticed_s", "live_again_s", "late beats", "recorded_s", "kept_s", "picture_in_obs_s", "exit code")
    heads = ["fault", "on air", *(name.replace("_", " ") for name in names), "said"]
    lines = [heads]
    for row in rows:
        figures = ("" if row.get(name) is None else str(row[name]) for name in names)
        lines.append([row["fault"], row["on air"], *figures, row["said"]])
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines)


def last_line(rows: list[dict[str, Any]], busy: int) -> str:
    """The same as JSON."""
    return json.dumps({"busy_cores": busy, "cores": os.cpu_count(), "faults": rows})
