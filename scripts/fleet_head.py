"""The head of a fleet killed in mid-show: how long its hosts are drawn for, and when they are again (docs/scale.md).

    python scripts/fleet_head.py

A real `streamv2v-cam serve --ray` with one replica, started again when it has ended, as a service manager does. Takes
about three minutes. Prints a table for people and JSON on the last line.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from benchmarks.clip import moving_clip
from fleet_rates import Host, play
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.meeting import pair

from streamv2v import StreamConfig

PORT, SIDE, LIMIT_S = 8796, 256, 240.0
HEAD = "gcs_server"


@contextlib.contextmanager
def served(words: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, which writes what it says into `words`."""
    command = [sys.executable, "-m", "streamv2v_cam", "serve", "--ray", "--port", str(PORT), "--no-announce", "--pair"]
    command += ["--set", f"engine.width={SIDE}", "--set", f"engine.height={SIDE}"]
    with words.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as program:
        try:
            yield program
        finally:
            program.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(30)
            program.kill()


def code_in(words: Path) -> str:
    """The code that is shown, as soon as there is one."""
    until_s = time.monotonic() + LIMIT_S
    while not (found := re.search(r"code: ([A-Z0-9-]+)", words.read_text())):
        if time.monotonic() > until_s:
            raise SystemExit(f"The fleet showed no code within {LIMIT_S:g} s:\n{words.read_text()}")
        time.sleep(0.2)
    return found[1]


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    os.environ["STREAMV2V_CONFIG"] = str(folder / "settings.toml")
    address, words = ServerAddress("127.0.0.1", PORT), folder / "said"
    with served(words) as program:
        pair(address, code_in(words), known_servers(), name="measuring")
        host = Host(address, StreamConfig(width=SIDE, height=SIDE), moving_clip(SIDE, SIDE))
        play([host], LIMIT_S, lambda: host.shown > 30)
        heads = [child for child in psutil.Process(program.pid).children(recursive=True) if HEAD in child.name()]
        heads[0].kill()
        killed_s, host.longest_s = time.monotonic(), 0.0
        play([host], LIMIT_S, lambda: program.poll() is not None)
        ended_s, last_s = time.monotonic(), host.last_s
    with served(words):
        host.shown = 0
        play([host], LIMIT_S, lambda: host.shown > 5)
        back_s = time.monotonic()
    host.link.close()
    figures = {"drawn_on_s": last_s - killed_s, "command_ended_s": ended_s - killed_s, "back_s": back_s - ended_s}
    print("head killed: drawn on for | the command ended after | drawn again after its start, s")
    print(" | ".join(f"{seconds:.1f}" for seconds in figures.values()))
    print(json.dumps(figures | {"code": program.returncode}))


if __name__ == "__main__":
    main()
