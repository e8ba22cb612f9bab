"""What the README says is so: its Python runs, its options exist, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = (
    "run",
    "translate",
    "cameras",
    "looks",
    "loras",
    "models",
    "config",
    "token",
    "obs",
    "doctor",
    "serve",
    "pair",
)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page that name `language` ("" for those that name none)."""
    pieces = re.split(r"^```(.*)\n", page.read_text("utf-8"), flags=re.MULTILINE)
    return [text for fence, text in zip(pieces[1::4], pieces[2::4], strict=False) if fence == language]


def shell_lines() -> list[str]:
    """Every command of a shell block that calls this project, without its comment."""
    shell = [block.replace("\\\n", " ") for page in PAGES for block in blocks(page, "sh")]
    lines = [line.split(" # ")[0].strip() for block in shell for line in block.splitlines()]
    return [
        line for line in lines if line.startswith(("python3 installer", "streamv2v-cam", "python scripts", "scripts/"))
    ]


@cache
def help_of(command: str) -> str:
    asked = [sys.executable, "-m", "streamv2v_cam", command, "--help"]
    answer = subprocess.run(
        asked, capture_output=True, text=True, timeout=60, check=True, env=None, cwd=ROOT, encoding="utf-8"
    )
    return answer.stdout


def program_arguments(line: str) -> list[str]:
    """The words after `streamv2v-cam`, also where the installer passes them on; empty for other commands."""
    words = shlex.split(line)
    if words[0] == "streamv2v-cam":
        return words[1:]
    if words[:3] == ["python3", "installer", "run"] and "--" in words:
        return ["run", *words[words.index("--") + 1 :]]
    return []


def test_there_are_commands_to_check() -> None:
    assert sum(bool(program_arguments(line)) for line in shell_lines()) >= 6


@pytest.mark.parametrize("line", shell_lines())
def test_a_command_of_the_pages_exists_with_all_its_options(line: str) -> None:
    words = program_arguments(line)
    if not words:
        script = next((word for word in shlex.split(line) if word.startswith(("scripts/", "installer"))), "")
        assert (ROOT / script).exists(), line
        return
    assert words[0] in COMMANDS
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", help_of(words[0])))
    unknown = [word for word in words[1:] if re.match(r"--?[a-z]", word) and word not in known]
    assert not unknown, f"{line}: no such option"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_to_files_that_exist(page: Path) -> None:
    text = re.sub(r"<!--.*?-->", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)\)", text)
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


def test_paths_of_the_tour_exist() -> None:
    tour = next(block for block in blocks(ROOT / "README.md", "") if "plugin/streamv2v_cam/" in block)
    folder = ""
    for line in tour.splitlines():
        names = re.findall(r"[\w/]+(?:/|\.py)(?=\s|$)", line[:28] if line[:1].strip() else line)
        if line[:1].strip():
            folder = names[0]
        for name in names:
            assert (ROOT / name).exists() or (ROOT / folder / name).exists(), name


@pytest.mark.parametrize("block", blocks(ROOT / "README.md", "python"))
def test_the_python_of_the_readme_runs(block: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, timeout=200, cwd=ROOT, check=False
    )
    assert answer.returncode == 0, answer.stderr
