"""Every test of the doctor has folders of its own: nothing of this machine's person is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """XDG folders below tmp_path; the one for settings is given back."""
    for name in ("CONFIG", "CACHE", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "xdg" / name.lower()))
    monkeypatch.delenv("STREAMV2V_CONFIG", raising=False)
    return tmp_path / "xdg" / "config" / "streamv2v-cam"
