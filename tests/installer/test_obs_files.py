"""Changes inside OBS's own files: everything else in them stays, and OBS's own writing in between does no harm."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from installer.console import Console
from installer.errors import InstallError
from installer.machine import obs_files, work
from installer.machine.steps import DONE, LEFT_OUT
from tests.installer.fake_host import BOOKWORM, WISHES, FakeHost

OBS = "/home/mia/.config/obs-studio"
THEIRS = {"title": "Chat", "url": 'C:\\chat "x".html', "uuid": "1", "unknown": {"keep": [1, True]}}
LINE = "ExtraBrowserDocks=" + json.dumps([THEIRS]).replace("\\", "\\\\")
ADDRESS = "http://127.0.0.1:8765/#token=k"


def docks_of(text: str) -> list[dict]:
    line = next(line for line in text.splitlines() if line.startswith("ExtraBrowserDocks="))
    return json.loads(line.partition("=")[2].replace("\\\\", "\\"))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "lines",
    [
        ["[General]", "a=1", "", "[BasicWindow]", "x=1", LINE, "y=a\\\\b"],
        ["[BasicWindow]", "geometry=A"],
        ["\ufeff[General]", "a=1"],
        ["[BasicWindow]", "ExtraBrowserDocks="],
        [],
    ],
)
def test_a_dock_comes_and_goes_and_the_other_lines_stay(lines: list[str], end: str) -> None:
    text = end.join(lines) + (end if lines else "")
    added = obs_files.add_dock(text, ADDRESS)
    assert docks_of(added)[-1]["url"] == ADDRESS and len(docks_of(added)[-1]["uuid"]) == 32
    assert (THEIRS in docks_of(added)) == (LINE in lines)
    kept = [line for line in added.splitlines() if line and not line.startswith(("ExtraBrowserDocks", "[BasicWindow]"))]
    assert kept == [line for line in lines if line and not line.startswith(("ExtraBrowserDocks", "[BasicWindow]"))]
    if end == "\r\n" and lines:
        assert added.count("\n") == added.count("\r\n")
    assert obs_files.add_dock(added, ADDRESS) == added
    again = obs_files.add_dock(added, ADDRESS + "2")
    assert [dock["url"] for dock in docks_of(again)].count(ADDRESS + "2") == 1 and len(docks_of(again)) == len(
        docks_of(added)
    )
    gone = obs_files.remove_dock(again, ADDRESS)
    assert "StreamV2V" not in gone and (LINE in gone) == (LINE in lines)


@pytest.mark.parametrize("docks", ["{", "[1]", '{"a": 1}'])
def test_docks_that_obs_did_not_write_are_left_alone(docks: str) -> None:
    with pytest.raises(InstallError, match="by hand"):
        obs_files.add_dock(f"[BasicWindow]\nExtraBrowserDocks={docks}\n", ADDRESS)


def test_a_script_comes_moves_and_goes_and_the_others_stay() -> None:
    theirs = {"path": "/x/countdown.lua", "settings": {"a": 1}}
    text = json.dumps({"sources": [{"v": 0.1}], "modules": {"scripts-tool": [theirs], "other": 1}})
    added = json.loads(obs_files.add_script(text, "/a/streamv2v.lua"))
    assert added["modules"] == {"scripts-tool": [theirs, {"path": "/a/streamv2v.lua", "settings": {}}], "other": 1}
    moved = json.loads(obs_files.add_script(json.dumps(added), "/b/streamv2v.lua"))
    assert [script["path"] for script in moved["modules"]["scripts-tool"]] == ["/x/countdown.lua", "/b/streamv2v.lua"]
    assert json.loads(obs_files.remove_script(json.dumps(moved), "/a/streamv2v.lua")) == json.loads(text)
    with pytest.raises(InstallError, match="by hand"):
        obs_files.add_script("[]", "/a/streamv2v.lua")


def with_obs(tmp_path: Path, **more) -> FakeHost:
    files = {f"{OBS}/global.ini": "[General]\n", f"{OBS}/basic/scenes/a.json": '{"modules": {}}'}
    return FakeHost(tmp_path, {**BOOKWORM, **files, **more.pop("files", {})}, **more)


def obs_steps(host: FakeHost) -> dict:
    return {step.name: step for step in work.steps_of(host, WISHES) if step.name.startswith("obs")}


def test_an_open_obs_is_not_touched_and_the_person_is_told(tmp_path: Path) -> None:
    host = with_obs(tmp_path, told={"running obs": ""})
    assert [step.state for step in obs_steps(host).values()] == [LEFT_OUT, LEFT_OUT]
    assert "Close OBS" in obs_steps(host)["obs-dock"].reason
    work.install(host, WISHES, Console(io.StringIO()))
    assert host.read(f"{OBS}/global.ini") == "[General]\n"


def test_what_obs_wrote_in_between_stays_when_ours_is_taken_out(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    work.install(host, WISHES, Console(io.StringIO()))
    assert [step.state for step in obs_steps(host).values()] == [DONE, DONE]
    ini = host.read(f"{OBS}/global.ini") or ""
    host.write(f"{OBS}/global.ini", ini + "[New]\nx=1\n")
    scene = json.loads(host.read(f"{OBS}/basic/scenes/a.json") or "")
    host.write(f"{OBS}/basic/scenes/a.json", json.dumps({**scene, "sources": ["new"]}))
    work.remove(host, Console(io.StringIO()))
    left = host.read(f"{OBS}/global.ini") or ""
    assert "[New]\nx=1" in left and "StreamV2V" not in left
    assert json.loads(host.read(f"{OBS}/basic/scenes/a.json") or "") == {
        "modules": {"scripts-tool": []}, "sources": ["new"]
    }  # fmt: skip
    assert not [name for name in host.names(OBS) if "before-streamv2v" in name]


def test_a_broken_file_of_obs_is_left_alone_and_the_rest_is_done(tmp_path: Path) -> None:
    host = with_obs(tmp_path, files={f"{OBS}/basic/scenes/a.json": "no JSON"})
    assert "by hand" in obs_steps(host)["obs-script"].reason
    work.install(host, WISHES, Console(io.StringIO()))
    assert obs_steps(host)["obs-dock"].state == DONE and host.read(f"{OBS}/basic/scenes/a.json") == "no JSON"
