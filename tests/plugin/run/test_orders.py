"""Orders to stop from a terminal or a desktop: the run ends as by Ctrl-C, and says nothing that is not for people."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from patience import until
from plugin.run.test_app import ENTRY, SMALL, frames_of

if sys.platform == "win32":
    pytest.skip("Windows has no such signals and no such terminals", allow_module_level=True)

PROGRAM = """
import sys
from pathlib import Path
from streamv2v_cam.run.app import run_app
from streamv2v_cam.settings import load_settings
from streamv2v_cam.system.logs import set_up_logging

if __name__ == "__main__":
    set_up_logging(folder=Path(sys.argv[1]).parent)
    run_app(load_settings({small} | {{"publish.sinks": sys.argv[1]}}, None), json_summary=True, entry={entry!r})
"""


class Program:
    """A run that records, as a group of processes of its own."""

    def __init__(self, folder: Path, *, terminal: bool = False, wrapped_in: tuple[str, ...] = ()) -> None:
        self.recording = folder / "out.mp4"
        script = folder / "program.py"
        script.write_text(PROGRAM.format(small=SMALL, entry=ENTRY))
        environment = os.environ | {"STREAMV2V_CONFIG": str(folder / "settings.toml"), "NO_COLOR": "1"}
        self.words, words = os.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            [*wrapped_in, sys.executable, str(script), str(self.recording)],
            env=environment,
            stdin=words if terminal else subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
            # a test run started with nohup would hand its deafness on
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        os.close(words)
        assert until(lambda: self.recording.exists() and self.recording.stat().st_size > 1000, within_s=60)
        self.children = psutil.Process(self.process.pid).children(recursive=True)

    def order(self, number: signal.Signals) -> None:
        """To all of them, as a terminal does."""
        os.killpg(self.process.pid, number)

    def ended_well(self) -> bool:
        """It has ended without an error, its recording is whole, and nobody is left behind."""
        assert self.process.wait(60) == 0
        _, alive = psutil.wait_procs(self.children, timeout=20)
        return len(frames_of(self.recording)) > 0 and not alive

    def said(self) -> list[str]:
        with os.fdopen(self.words, "rb") as words:
            return words.read().decode().splitlines()


@pytest.mark.parametrize(
    "order",
    [pytest.param("SIGHUP", marks=pytest.mark.slow), pytest.param("SIGQUIT", marks=pytest.mark.slow), "SIGTERM"],
)
def test_an_order_to_the_whole_group_ends_the_run_in_one_word(tmp_path: Path, order: str) -> None:
    program = Program(tmp_path)
    # a shell hands the closing of its terminal on, so it comes twice
    for _ in range(2):
        program.order(signal.Signals[order])
    assert program.ended_well()
    *before, last = program.said()
    assert last == "stopping"
    assert all(line.startswith(("recording: ", "page: ", "look: ", "source: ")) for line in before)


@pytest.mark.slow
def test_a_terminal_that_is_gone_ends_no_run_whose_closing_is_nobodys_order(tmp_path: Path) -> None:
    program = Program(tmp_path, terminal=True, wrapped_in=("env", "--ignore-signal=HUP"))
    os.close(program.words)
    size = program.recording.stat().st_size
    # it says how it is doing ten times a second, to nobody
    assert until(lambda: program.recording.stat().st_size > size + 20_000)
    assert program.process.poll() is None
    program.order(signal.SIGHUP)
    program.order(signal.SIGTERM)
    assert program.ended_well()
