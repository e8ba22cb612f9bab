"""Questions in a terminal of their own: answered, passed over with the end of the input, and left with Ctrl-C."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest
from streamv2v_cam.cli.commands import EXIT_INTERRUPTED
from streamv2v_cam.settings import load_settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")

CAMERA = "import streamv2v_cam.capture as c; c.list_cameras = lambda: [c.CameraInfo(0, 'Webcam', '/dev/video0', 200)];"
ASKED = (
    "from streamv2v_cam.settings import load_settings; from streamv2v_cam.cli.welcome import ask, asks_here;"
    "s = load_settings(); assert asks_here(s); ask(s); assert not asks_here(load_settings()); print('DONE')"
)
COMMAND = "from streamv2v_cam.cli.commands import main; main({!r})"
CTRL_C, CTRL_D = b"\x03", b"\x04"


def at_a_terminal(folder: Path, source: str, *keys: bytes) -> tuple[int, str]:
    """Exit code and words of a Python program; the keys are pressed one after the other, each at a question."""
    import pty

    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    own = {"STREAMV2V_CONFIG": str(folder / "settings.toml"), "HOME": str(folder), "NO_COLOR": "1"}
    environment |= own | {"PYTHONPATH": os.pathsep.join(sys.path)}
    number, terminal = pty.fork()
    if number == 0:
        os.execve(sys.executable, [sys.executable, "-c", source], environment)
    said, left, pressed = b"", list(keys), b""
    try:
        while True:
            if not select.select([terminal], [], [], 0.5)[0]:
                # Python takes no notice of a Ctrl-C that comes just before it begins to wait for a line
                os.write(terminal, CTRL_C if pressed == CTRL_C else b"")
                continue
            if not (chunk := os.read(terminal, 4096)):
                break
            said += chunk
            if left and said.endswith(b": "):
                pressed = left.pop(0)
                os.write(terminal, pressed)
    except OSError:
        pass
    finally:
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    return code, said.decode()


def test_in_a_terminal_without_a_page_the_same_is_asked_before_the_run(tmp_path: Path) -> None:
    code, said = at_a_terminal(tmp_path, CAMERA + ASKED, b"9\n", b"2\n", b"y\n")
    assert code == 0 and "DONE" in said, said
    assert "9 is none of them" in said
    written = (tmp_path / "settings.toml").read_text("utf-8")
    assert "with_run = true" in written and 'source = "presenter"' in written


@pytest.mark.parametrize("keys", [(CTRL_D,), (b"2\n", CTRL_D)], ids=["at the first", "at the last"])
def test_the_end_of_the_input_passes_over_them_for_good_and_sets_nothing(
    tmp_path: Path, keys: tuple[bytes, ...]
) -> None:
    code, said = at_a_terminal(tmp_path, CAMERA + ASKED, *keys)
    assert code == 0 and "DONE" in said and "Passed over" in said, said
    assert not load_settings({}, tmp_path / "settings.toml").origins


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["run", "--no-open", "-i", "presenter", "--sink", "null"], [CTRL_C]),
        (["obs", "password"], [CTRL_C]),
        (["obs", "password"], [CTRL_D]),
    ],
    ids=["first run", "password", "password, end of the input"],
)
def test_whoever_leaves_a_question_has_left_the_program_without_a_word_of_a_fault(
    tmp_path: Path, words: list[str], keys: list[bytes]
) -> None:
    code, said = at_a_terminal(tmp_path, CAMERA + COMMAND.format(words), *keys)
    assert code == EXIT_INTERRUPTED and "fault" not in said, said
    assert not (tmp_path / "settings.toml").exists()
