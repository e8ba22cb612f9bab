"""A small real project to install: no network, no dependencies, its own build backend of a few lines."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

BACKEND = '''\
"""Builds the editable wheel of a folder with one package; standard library alone."""
import pathlib
import zipfile

NAME = "streamv2v_cam-0.1.0-py3-none-any.whl"


def get_requires_for_build_editable(config_settings=None):
    return []


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    info = "streamv2v_cam-0.1.0.dist-info/"
    extra = "Provides-Extra: test\\nRequires-Dist: testtool; extra == 'test'\\n"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, NAME), "w") as wheel:
        wheel.writestr("streamv2v_cam.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: streamv2v-cam\\nVersion: 0.1.0\\n" + extra)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return NAME
'''
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "streamv2v-cam"
version = "0.1.0"
"""


def write_wheel(folder: Path, name: str, version: str, modules: dict[str, str]) -> None:
    """A wheel that pip installs: `modules` maps file names to their text."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for file, text in modules.items():
            wheel.writestr(file, text)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that pip may look in: a folder of wheels, among them two builds of "torch"."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("2.13.0", "2.13.0+cpu"):
        write_wheel(folder, "torch", version, {"torch.py": f"__version__ = {version!r}\n"})
    write_wheel(folder, "testtool", "1.0", {"testtool.py": ""})
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that the installer can set up; its program prints what it was called with."""
    # a test of the installer installs nothing on the machine it runs on
    monkeypatch.setenv("STREAMV2V_NO_APT", "1")
    root = tmp_path / "project"
    (root / "installer").mkdir(parents=True)
    (root / "installer" / "constraints.txt").write_text("torch==2.13.0\n")
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "backend.py").write_text(BACKEND)
    (root / "streamv2v_cam").mkdir()
    (root / "streamv2v_cam" / "__init__.py").write_text("")
    (root / "streamv2v_cam" / "__main__.py").write_text("import sys\nprint('program', *sys.argv[1:])\n")
    return root
