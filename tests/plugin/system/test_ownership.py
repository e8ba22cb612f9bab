"""Homes that cannot be written to, and files there that belong to somebody else: a line with what to do, or no loss."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamv2v_cam.errors import SettingsError
from streamv2v_cam.system.accesstoken import AccessToken
from streamv2v_cam.system.ownership import remedy

FEW = ",".join(f"-{right}" for right in ("dac_override", "dac_read_search", "fowner", "chown"))
"""What makes root pass over the permissions of a file."""
LIMITED = ["setpriv", f"--inh-caps={FEW}", *([f"--bounding-set={FEW}"] if os.geteuid() == 0 else [])]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such owner there")
def test_the_owner_is_named_as_the_reason_only_where_it_is(tmp_path: Path) -> None:
    refused = PermissionError(13, "Permission denied", str(tmp_path / "gone" / "settings.toml"))
    assert remedy(refused) == ""
    assert remedy(FileNotFoundError(2, "No such file", "/proc/1/none")) == ""
    if os.geteuid() == 0:
        os.chown(tmp_path, 1234, 1234)
        assert remedy(refused).endswith(f'give it back with: sudo chown -R "$USER" "{tmp_path}"')
    else:
        assert "belongs to another user" in remedy(PermissionError(13, "Permission denied", "/etc/x"))


def test_a_token_that_cannot_be_kept_holds_for_its_run_which_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("streamv2v_cam"), "propagate", True)
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "token"  # below a file, where nobody can make one
    with pytest.raises(SettingsError, match="cannot be read or made"):
        AccessToken(path).current()
    token = AccessToken(path, or_else=True)
    assert len(token.current()) == 43 and token.current() == token.current() and token.opens(token.current())
    # other tests may have left a second way of a message to the record; it is one and the same
    assert len({record.created for record in caplog.records if "one of its own" in record.getMessage()}) == 1
    assert token.current() not in caplog.text


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes root's rights away, and is not here")
@pytest.mark.parametrize("command", [["config", "show"], ["looks"], ["token", "show"]])
def test_commands_work_or_say_why_in_a_home_that_cannot_be_written_to(tmp_path: Path, command: list[str]) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    told = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "STREAMV2V_"))}
    run = subprocess.run(
        [*LIMITED, sys.executable, "-m", "streamv2v_cam", *command],
        env={**told, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    refused = command[0] == "token"
    assert (run.returncode, run.stderr.count("\n")) == ((2, 1) if refused else (0, 0)), run.stderr
    assert ("cannot be read or made (Permission denied)" in run.stderr) == refused
