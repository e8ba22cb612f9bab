"""Text files that people name: read whole, and never waited for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from streamv2v_cam.errors import LookError, SettingsError
from streamv2v_cam.looks.file import read_text
from streamv2v_cam.settings import load_settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
NO_FILE = "is a pipe or a device, and no file"


def test_settings_and_looks_that_are_no_file_are_refused_instead_of_read_for_ever(tmp_path: Path) -> None:
    pipe, endless = tmp_path / "pipe.toml", tmp_path / "endless.toml"
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    for path in (pipe, endless):
        with pytest.raises(SettingsError, match=NO_FILE):
            load_settings({}, path)
        with pytest.raises(LookError, match=NO_FILE):
            read_text(path)


def test_what_a_shell_hands_over_as_a_file_is_read() -> None:
    assert not load_settings({}, Path(os.devnull)).origins
    reading, writing = os.pipe()
    os.write(writing, b"[engine]\nslots = 3\n")
    os.close(writing)
    assert load_settings({}, Path(f"/dev/fd/{reading}")).engine.slots == 3
    os.close(reading)
