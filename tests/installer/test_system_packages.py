"""Foreign programs for the tests: installed where that is possible, else left out with the reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from installer import system_packages
from installer.system_packages import OBS_PACKAGES, install_test_programs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="apt and shell scripts are of Unix")


def program(folder: Path, name: str, text: str = "exit 0") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose programs are those of one folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(system_packages.OFF_VARIABLE, raising=False)
    return folder


def installed(tmp_path: Path) -> tuple[str, list[str]]:
    said: list[str] = []
    return install_test_programs(tmp_path / "log", say=said.append), said


def test_programs_that_are_there_are_left_alone(machine: Path, tmp_path: Path):
    program(machine, "obs")
    program(machine, "Xvfb")
    program(machine, "chromium")
    program(machine, "apt-get", "exit 9")
    assert installed(tmp_path) == ("there", [])


def test_without_apt_the_tests_are_left_out_with_the_reason(machine: Path, tmp_path: Path):
    result, said = installed(tmp_path)
    assert (
        result == "left out"
        and "there is no apt here" in said[0]
        and "obs and Xvfb" in said[0]
        and "chromium" in said[1]
    )


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="only root may install packages")
def test_root_installs_them_with_apt_and_a_failure_ends_nothing(machine: Path, tmp_path: Path):
    program(machine, "apt-get", f'echo "apt $*" >>{tmp_path / "asked"}')
    assert installed(tmp_path) == ("installed", [])
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0] == "apt update -q" and asked[1].endswith(" ".join(OBS_PACKAGES))
    assert asked[3].endswith("--no-install-recommends chromium")
    program(machine, "apt-get", "exit 100")
    result, said = installed(tmp_path)
    assert result == "left out" and "apt-get failed" in said[0]
