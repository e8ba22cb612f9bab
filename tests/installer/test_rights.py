"""Root that is not to be had leaves its pieces out, says so, and says what can be done by hand; the rest is done."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from installer.console import Console
from installer.errors import InstallError, UnfinishedError
from installer.machine import rights, work
from installer.machine.actions import File, Run
from installer.machine.journal import Journal
from installer.machine.steps import DONE
from tests.installer.fake_host import WISHES, FakeHost, install, tree

OF_ROOT = {"packages", "options", "at-boot", "rule", "group", "load"}
AUTOSTART = replace(WISHES, autostart=True)


class Person(FakeHost):
    """Somebody who is not root."""

    rootless = True

    def is_root(self) -> bool:
        return not self.rootless


def agreed(host: FakeHost) -> tuple[dict[str, str], str]:
    """Install with --yes; what was left out and why, and what was said."""
    said = io.StringIO()
    missing = work.install(host, AUTOSTART, Console(said), yes=True)
    return {step.name: step.reason for step in missing if step.name != "obs"}, said.getvalue()


def states(host: FakeHost) -> dict[str, str]:
    return {step.name: step.state for step in work.steps_of(host, AUTOSTART)}


def test_a_yes_without_sudo_leaves_out_what_needs_root_and_does_the_rest(tmp_path: Path) -> None:
    host = Person(tmp_path, programs=("apt-get", "udevadm", "systemctl"))
    left, _ = agreed(host)
    assert left == dict.fromkeys(OF_ROOT, rights.NO_SUDO)
    assert host.ran == ["systemctl --user daemon-reload"]
    assert {name for name, state in states(host).items() if state == DONE} == {
        "command",
        "service",
        "autostart",
        "entry",
    }


def test_sudo_that_is_not_for_this_person_leaves_out_the_same(tmp_path: Path) -> None:
    host = Person(tmp_path, failing=["true"])
    left, said = agreed(host)
    assert (
        left == dict.fromkeys(OF_ROOT, rights.SUDO_FAILED) and "note: what needs root is left out: true failed" in said
    )
    assert host.ran == ["true", "systemctl --user daemon-reload"]


def test_with_sudo_a_yes_does_all_of_it(tmp_path: Path) -> None:
    host = Person(tmp_path)
    left, _ = agreed(host)
    assert left == {} and host.ran[0] == "true" and "usermod -aG video mia" in host.ran


def test_what_root_can_do_by_hand_is_said_as_lines_to_paste(tmp_path: Path) -> None:
    host = Person(tmp_path, programs=("apt-get", "udevadm", "systemctl"))
    _, said = agreed(host)
    assert "su - -c 'apt-get install sudo && usermod -aG sudo mia'" in said
    assert "As root, the same command does it" not in said
    lines = [line[4:] for line in said.splitlines() if line.startswith("    ") and line[4] != " "]
    asked = [step for step in work.steps_of(Person(tmp_path / "new"), AUTOSTART) if step.needs_root]
    pasted = [line for step in asked for action in step.actions for line in action.typed()]
    assert lines == pasted != [] and "usermod -aG video mia" in lines
    assert not any("/home/mia" in line for line in lines)


@pytest.mark.skipif(shutil.which("sh") is None, reason="lines for a shell")
@pytest.mark.parametrize("text", ["one\n", 'it\'s "two"\n$HOME %s \\n\n\n`x`\n'])
def test_a_pasted_line_writes_the_file_letter_by_letter(text: str, tmp_path: Path) -> None:
    file = File(str(tmp_path / "new folder" / "it's.conf"), text, mode=0o640)
    (line,) = file.typed()
    subprocess.run(["sh", "-c", line], check=True)
    assert Path(file.name).read_text() == text and Path(file.name).stat().st_mode & 0o777 == 0o640
    assert Run(["echo", "a b"]).typed() == ["echo 'a b'"]


def test_a_removal_that_needs_root_and_finds_no_sudo_takes_nothing_back(tmp_path: Path) -> None:
    host = Person(tmp_path)
    agreed(host)
    host.programs, before, ran = (), tree(tmp_path), list(host.ran)
    with pytest.raises(InstallError, match="needs root, and there is no sudo"):
        work.remove(host, Console(io.StringIO()), yes=True)
    assert (tree(tmp_path), host.ran) == (before, ran)


def test_a_group_that_cannot_be_joined_is_told_at_the_end_and_stops_nothing(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, failing=["usermod"])
    for _ in range(2):
        with pytest.raises(UnfinishedError, match="mia in the group video: usermod -aG video mia failed") as caught:
            install(host, AUTOSTART)
        assert [step.name for step in caught.value.missing] == ["obs"]
        done = {name for name, state in states(host).items() if state == DONE}
        assert done == {"packages", "options", "at-boot", "rule", "load", "command", "service", "autostart", "entry"}
    # what did not come about has nothing to be taken back: the person may join by hand
    assert not Journal(host).knows(kind="run", undo=["gpasswd", "-d", "mia", "video"])
    host.failing = []
    install(host, AUTOSTART)
    assert Journal(host).knows(kind="run", undo=["gpasswd", "-d", "mia", "video"]) and states(host)["group"] == DONE


def test_a_file_that_cannot_be_written_stops_no_other_piece_and_each_is_told(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    # a folder stands where the menu entry and the rule would be
    host.write("/home/mia/.local/share/applications/streamv2v-cam.desktop/x", "x")
    host.write("/etc/udev/rules.d/70-streamv2v.rules/x", "x")
    with pytest.raises(UnfinishedError, match=r"70-streamv2v\.rules is there.*streamv2v-cam\.desktop is there"):
        install(host, AUTOSTART)
    assert {name for name, state in states(host).items() if state == "to do"} == {"rule", "entry"}
