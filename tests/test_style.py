"""Format, lint and types of the whole tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONG_S = 1500
"""The types take a minute of a free processor, and many on a busy one; slow is not wrong."""


def check(*command: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=LONG_S, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_tree_is_formatted() -> None:
    check("ruff", "format", "--check", ".")


def test_the_tree_has_no_lint() -> None:
    check("ruff", "check", ".")


@pytest.mark.types
@pytest.mark.timeout(LONG_S + 300)
def test_the_types_agree() -> None:
    # pyright is a Node program; its Python package fetches Node once where the machine has none.
    probe = subprocess.run(
        [sys.executable, "-m", "pyright", "--version"], capture_output=True, text=True, timeout=200, check=False
    )
    if probe.returncode != 0:
        pytest.skip("pyright cannot start here: it needs Node, or the network to fetch it once")
    check("pyright")
