"""Folders with any name: service and menu entry lead to the program all the same."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from installer.console import Console
from installer.machine import work
from installer.machine.steps import Wishes
from tests.installer.fake_host import ICON, FakeHost


def quiet() -> Console:
    return Console(io.StringIO())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("folder", ["a$b", "a${b}", "c%d é;", "it's $b", 'x "y"', r"back\n"])
def test_systemd_takes_the_service_of_any_folder(folder: str, tmp_path: Path) -> None:
    program = tmp_path / folder / ".venv/bin/streamv2v-cam"
    program.parent.mkdir(parents=True)
    program.symlink_to(shutil.which("true") or "")
    host = FakeHost(tmp_path / "machine")
    work.install(host, Wishes(str(program), str(ICON), "/s.lua", "http://x/#token=k"), quiet())
    unit = host.path("/home/mia/.config/systemd/user/streamv2v-cam.service")
    command = ["systemd-analyze", "--user", "verify", str(unit)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if "initialize manager" in done.stderr:
        pytest.skip(f"systemd-analyze cannot work here: {done.stderr}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_place_with_a_blank_and_signs_is_quoted_for_unit_and_menu(tmp_path: Path) -> None:
    odd = Wishes('/opt/a "b" 50%$x/.venv/bin/streamv2v-cam', str(ICON), "/s.lua", "http://x/#token=k")
    host = FakeHost(tmp_path)
    work.install(host, odd, quiet())
    unit = host.read("/home/mia/.config/systemd/user/streamv2v-cam.service") or ""
    assert r'ExecStart=/usr/bin/env "/opt/a \"b\" 50%%$$x/.venv/bin/streamv2v-cam" run' in unit
    assert "Documentation=file:///opt/a%%20%%22b%%22%%2050%%25%%24x/docs\n" in unit
    entry = host.read("/home/mia/.local/share/applications/streamv2v-cam.desktop") or ""
    assert r"50%%\\$x/.venv" in entry


def test_a_dollar_in_the_first_word_of_a_service_stays_one(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    work.install(host, Wishes("/opt/a$b/.venv/bin/streamv2v-cam", str(ICON), "/s.lua", "http://x/#token=k"), quiet())
    unit = host.read("/home/mia/.config/systemd/user/streamv2v-cam.service") or ""
    assert 'ExecStart="/opt/a$b/.venv/bin/streamv2v-cam" run' in unit
