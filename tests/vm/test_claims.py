"""The verdict of a proof in the machine."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

CLAIMS = Path(__file__).resolve().parents[2] / "scripts" / "vm" / "guest" / "claims.py"


@pytest.fixture
def claims() -> ModuleType:
    spec = importlib.util.spec_from_file_location("guest_claims", CLAIMS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_failed_once_has_failed_whatever_comes_later(
    claims: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    claims.claim("read at 30", False, 27)
    claims.claim("read at 30", True, 30)
    claims.claim("live", True)
    assert claims.verdict() == 1
    assert json.loads(capsys.readouterr().out) == {"passed": False, "claims": 2, "failed": ["read at 30"]}


def test_all_that_holds_each_time_passes(claims: ModuleType) -> None:
    claims.claim("live", True)
    claims.claim("live", True)
    assert claims.verdict() == 0
