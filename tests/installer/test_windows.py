"""Windows: what leads to an older place of the program is not done. A recorded registry and Start menu."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from installer.machine import work
from installer.machine.journal import Journal
from installer.machine.steps import DONE, LEFT_OUT, PENDING, Wishes
from tests.installer.fake_host import ICON, FakeHost, install, remove

HOME = "C:\\Users\\mia"
LINK = HOME + "\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\StreamV2V Camera.lnk"
OLD = Wishes(
    r"C:\it's mine\.venv\Scripts\streamv2v-cam.exe",
    str(ICON),
    "s.lua",
    "http://127.0.0.1:8765/#token=k",
    autostart=True,
)
NEW = replace(OLD, program=r"D:\café\.venv\Scripts\streamv2v-cam.exe")


class Windows(FakeHost):
    """Keeps one shortcut and one value of the registry, and compares them as PowerShell does: without case."""

    value: str | None = None

    def __init__(self, root: Path) -> None:
        environment = {"USERNAME": "mia", "APPDATA": HOME + "\\AppData\\Roaming"}
        super().__init__(root, {}, system="win32", home=HOME, environment=environment)

    def run(self, command: Sequence[str], *, root: bool = False, given: str | None = None) -> None:
        super().run(command, root=root, given=given)
        if "$s.Save()" in command[-1]:
            self.write(LINK, quoted(r"TargetPath = '(.*?)';", command[-1]))
        elif "Remove-Item" in command[-1]:
            self.delete(LINK)
        elif command[:2] == ["reg", "add"]:
            self.value = command[command.index("/d") + 1]
        elif command[:2] == ["reg", "delete"]:
            self.value = None

    def ask(self, *command: str) -> str | None:
        if command[:2] == ("reg", "query"):
            return self.value if "Run" in command[2] else "InprocServer32"
        if command[0] != "powershell":
            return super().ask(*command)
        if "CreateShortcut" in command[-1]:
            assert quoted(r"CreateShortcut\('(.*?)'\);", command[-1]) == LINK and "Save" not in command[-1]
            now, wanted = self.read(LINK), quoted(r"TargetPath -eq '(.*?)' -and", command[-1])
        else:
            assert r"'HKCU:\Software\Microsoft\Windows\CurrentVersion\Run'" in command[-1]
            now, wanted = self.value, quoted(r"-eq '(.*)'$", command[-1])
        return str(now is not None and now.lower() == wanted.lower())


def quoted(pattern: str, script: str) -> str:
    found = re.search(pattern, script)
    assert found is not None, script
    return found[1].replace("''", "'")


def states(host: FakeHost, wishes: Wishes) -> dict[str, str]:
    return {step.name: step.state for step in work.steps_of(host, wishes)}


def test_shortcut_and_start_at_login_follow_a_project_that_moved(tmp_path: Path) -> None:
    host = Windows(tmp_path)
    install(host, OLD)
    assert (states(host, OLD)["shortcut"], states(host, OLD)["autostart"]) == (DONE, DONE)
    moved = states(host, replace(NEW, autostart=False))
    assert (moved["shortcut"], moved["autostart"]) == (PENDING, PENDING)
    install(host, replace(NEW, autostart=False))
    assert (host.read(LINK), host.value) == (NEW.program, f'"{NEW.program}" run --no-open')
    kinds = [entry["kind"] for entry in Journal(host).entries]
    assert kinds == ["run", "run"]
    remove(host)
    assert not host.exists(LINK) and host.value is None


def test_a_second_install_and_another_case_of_the_path_change_nothing(tmp_path: Path) -> None:
    host = Windows(tmp_path)
    install(host, OLD)
    host.ran.clear()
    install(host, replace(OLD, program=OLD.program.upper()))
    assert host.ran == []


@pytest.mark.parametrize("place", ["shortcut", "autostart"])
def test_what_somebody_else_made_under_that_name_stays_and_is_named(place: str, tmp_path: Path) -> None:
    host = Windows(tmp_path)
    if place == "shortcut":
        host.write(LINK, "C:\\mine.exe")
    else:
        host.value = "C:\\mine.exe"
    assert states(host, NEW)[place] == LEFT_OUT
    assert "is there already and" in install(host, NEW)
    remove(host)
    assert "C:\\mine.exe" in (host.read(LINK), host.value)
