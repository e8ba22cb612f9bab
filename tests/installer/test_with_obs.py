"""A real OBS takes what the installer has put into its files, and writes them itself in between."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from obs.headless import HeadlessObs, missing
from streamv2v_cam.obs.session import ObsAddress, ObsSession

from installer.console import Console
from installer.machine import obs, work
from installer.machine.host import Host
from installer.machine.journal import Journal
from installer.machine.steps import Wishes

SCRIPT = Path(__file__).resolve().parents[2] / "plugin/streamv2v_cam/obs/streamv2v.lua"


def hotkeys_of(theirs: HeadlessObs) -> list[str]:
    session = ObsSession(ObsAddress("127.0.0.1", theirs.port, theirs.password))
    try:
        return session.request("GetHotkeyList")["hotkeys"]
    finally:
        session.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a headless OBS")
@pytest.mark.skipif(bool(missing()), reason="needs OBS Studio and Xvfb")
def test_obs_loads_the_script_keeps_the_dock_and_forgets_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = HeadlessObs(tmp_path)
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "USER": "mia"}
    host = Host(system="linux", home=str(tmp_path / "home"), environment=environment)
    wishes = Wishes("/opt/cam", "", str(SCRIPT), "http://127.0.0.1:8765/#token=k")
    # another OBS of this machine may be open; this one is not
    monkeypatch.setattr(Host, "running", lambda self, program: False)
    monkeypatch.setitem(work.STEPS, "linux", obs.steps)

    work.install(host, wishes, Console(io.StringIO()))
    with theirs:
        assert "streamv2v.next_look" in hotkeys_of(theirs)
    assert "streamv2v.lua" in theirs.saved_scenes
    ini = (tmp_path / "config/obs-studio/global.ini").read_text("utf-8-sig")
    assert '"url": "http://127.0.0.1:8765/#token=k"' in ini

    assert work.remove(host, Console(io.StringIO())) and not Journal(host).entries
    with theirs:
        assert "streamv2v.next_look" not in hotkeys_of(theirs)
