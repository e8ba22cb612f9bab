"""Words to a terminal that is gone are lost, and nothing else is."""

from __future__ import annotations

import contextlib
import os
import sys

import pytest
from rich.console import Console
from streamv2v_cam.system.terminal import Stderr

if sys.platform == "win32":
    pytest.skip("Windows has no such terminals", allow_module_level=True)


def test_what_is_said_to_a_closed_terminal_is_lost_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    person, program = os.openpty()
    # what could not be written is tried once more when the stream is closed
    with contextlib.suppress(OSError), os.fdopen(program, "w", buffering=1) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        console = Console(file=Stderr())  # type: ignore[arg-type]
        console.print("heard")
        assert os.read(person, 100).startswith(b"heard") and console.is_terminal
        os.close(person)
        with pytest.raises(OSError):
            print("the terminal is gone", file=stream, flush=True)
        console.print("not heard")
        monkeypatch.undo()


def test_what_stands_on_stderr_now_is_what_is_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    Console(file=Stderr()).print("to whoever listens")  # type: ignore[arg-type]
    assert capsys.readouterr().err == "to whoever listens\n"
