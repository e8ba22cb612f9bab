"""Which Python carries the environment."""

from __future__ import annotations

import sys

from installer.interpreters import Interpreter, find_interpreter, probe


def test_a_python_says_what_it_is() -> None:
    found = probe([sys.executable])
    assert found is not None
    assert found.version == sys.version_info[:3]
    assert found.fits


def test_what_is_no_python_gives_no_answer() -> None:
    assert probe(["/no/such/python"]) is None
    assert probe([sys.executable, "-c", "print('hello')"]) is None


def test_too_old_too_bare_or_too_narrow_does_not_fit() -> None:
    assert Interpreter("python", (3, 11, 0)).fits
    assert not Interpreter("python", (3, 10, 14)).fits
    assert not Interpreter("python", (3, 12, 0), missing=("ensurepip",)).fits
    assert not Interpreter("python", (3, 12, 0), wide=False).fits


def test_this_python_is_taken_when_it_fits() -> None:
    assert find_interpreter().version == sys.version_info[:3]
