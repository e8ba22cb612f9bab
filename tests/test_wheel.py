"""The built wheel, installed as `pipx install` and `uv tool install` do it: in an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the project's own backend, from a copy: building leaves nothing in the checkout."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    names = [name for name in listed.decode().split("\0") if name] or ["streamv2v", "plugin", "README.md", "LICENSE"]
    for name in [*names, "pyproject.toml"]:
        place = ROOT / name
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.copytree(place, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif place.is_file():
            shutil.copy(place, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, timeout=280)
    return next(folder.glob("streamv2v_cam-*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`streamv2v-cam` of a clean environment; what it needs is lent from ours, the program itself is the wheel's."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, timeout=120, env={**os.environ, "PIP_USER": "0"})
    return python.parent / ("streamv2v-cam.exe" if os.name == "nt" else "streamv2v-cam")


@pytest.fixture
def call(program: Path, tmp_path: Path):
    """Call the program as a person does who knows no checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STREAMV2V_", "PYTHON"))}
    own = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "CACHE", "STATE", "DATA")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=200,
            check=False,
            cwd=tmp_path,
            env={**kept, **own, "HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
        )

    return run


def test_the_wheel_holds_model_page_script_and_samples_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    tracked = [
        path.relative_to(base).as_posix()
        for base, package in ((ROOT, "streamv2v"), (ROOT / "plugin", "streamv2v_cam"))
        for path in (base / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert set(tracked) <= names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"streamv2v", "streamv2v_cam"}
    wanted = (
        "unet/",
        "vae/",
        "text_encoder/",
        "page/index.html",
        "obs/streamv2v.lua",
        "samples/oil.jpg",
        "embedded.toml",
    )
    assert all(any(part in name for name in names) for part in wanted)


def test_the_installed_program_knows_its_looks_its_script_and_itself(call, program: Path) -> None:
    assert call("--version").stdout.startswith("streamv2v-cam ")
    looks = call("looks")
    assert looks.returncode == 0 and "watercolour" in looks.stdout
    script = Path(call("obs", "script").stdout.strip())
    assert script.is_file() and program.parent.parent in script.parents


def test_the_doctor_of_the_installed_program_finds_model_and_packages(call) -> None:
    answer = call("doctor", "--quick", "--json")
    keys = {finding["key"]: finding for finding in json.loads(answer.stdout)["findings"]}
    assert {"model.fine", "packages.fine", "settings.none"} <= set(keys)
    commands = [finding["command"] for finding in keys.values()]
    assert not any("installer" in command for command in commands)


def test_the_installed_program_draws(call, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    answer = call(
        "run", "--source", "presenter", "--sink", str(clip), "--size", "320x180", "--no-open", "--for", "2", "--json"
    )
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout.splitlines()[-1])
    assert told["styled"] > 0 and "live" in told["states"] and clip.stat().st_size > 1000
