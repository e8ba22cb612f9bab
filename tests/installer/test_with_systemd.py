"""The service in a real systemd: started at a login, again after a crash, not for settings that are wrong, ended."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from breaking import service
from breaking.rooms import play
from services.manager import UserManager, missing, own_groups

from installer.console import Console
from installer.machine import desktop, work
from installer.machine.desktop import UNIT
from installer.machine.host import Host
from installer.machine.steps import Wishes
from tests.installer.fake_host import ICON
from tests.patience import until

LACKS = missing()
pytestmark = pytest.mark.skipif(bool(LACKS), reason=LACKS)

# two processes, as host and engine are; ends in order when it is told to, and as `how` says where that is there
PROGRAM = """\
#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >> starts
[ -e how ] && exit "$(cat how)"
sleep 1000 &
trap 'kill %1; echo in order >> ends; exit 0' TERM INT
wait
"""


class Person:
    """Somebody at a machine: a home folder, a systemd, a program in a folder with an odd name."""

    def __init__(self, folder: Path) -> None:
        self.systemd = UserManager(folder / "person")
        self.place = folder / "50% of my $HOME" / ".venv/bin"
        self.place.mkdir(parents=True)
        self.program = self.place / "streamv2v-cam"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        self.host = Host(system="linux", home=str(self.systemd.home), environment=self.systemd.environment)

    def installs(self, *, autostart: bool = False) -> None:
        wishes = Wishes(str(self.program), str(ICON), "/s.lua", "http://x/#token=k", autostart=autostart)
        work.install(self.host, wishes, Console(io.StringIO()))

    def removes(self) -> bool:
        return work.remove(self.host, Console(io.StringIO()))

    def number(self) -> int:
        """The running program; 0 while there is none."""
        return int(self.systemd.facts(UNIT, "MainPID")["MainPID"])

    def is_up(self) -> bool:
        return bool(number := self.number()) and len(psutil.Process(number).children()) == 1

    def lines(self, name: str) -> list[str]:
        file = self.place / name
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    monkeypatch.setitem(work.STEPS, "linux", desktop.steps)
    yield Person(tmp_path)
    left = [group for place in own_groups() for group in place.glob(f"services-{os.getpid()}-*")]
    assert not left, "a control group outlives its systemd"


def test_a_crash_of_the_program_is_followed_by_another_start_and_leaves_no_part_of_the_old_one(person: Person):
    with person.systemd as systemd:
        person.installs()
        systemd.control("start", UNIT)
        assert until(person.is_up)
        first = psutil.Process(person.number())
        parts = [first, *first.children()]
        os.kill(first.pid, signal.SIGKILL)
        assert until(lambda: person.is_up() and person.number() != first.pid)
        assert not any(part.is_running() and part.status() != psutil.STATUS_ZOMBIE for part in parts)
        assert person.lines("starts") == ["run --no-open"] * 2
        assert systemd.facts(UNIT, "NRestarts") == {"NRestarts": "1"}


def test_settings_that_cannot_be_used_are_no_reason_for_another_start_and_a_failure_is_one(person: Person):
    with person.systemd as systemd:
        person.installs()
        (person.place / "how").write_text("2")
        systemd.control("start", UNIT)
        assert until(lambda: systemd.facts(UNIT, "ActiveState") == {"ActiveState": "failed"})
        assert systemd.facts(UNIT, "ExecMainStatus", "NRestarts") == {"ExecMainStatus": "2", "NRestarts": "0"}
        (person.place / "how").write_text("1")
        systemd.control("start", UNIT)
        assert until(lambda: len(person.lines("starts")) >= 3)


def test_it_starts_at_the_next_login_only_where_that_was_asked_for_and_ends_in_order_with_the_session(person: Person):
    with person.systemd:
        person.installs()
    with person.systemd:
        assert person.number() == 0
        person.installs(autostart=True)
        assert person.number() == 0, "the camera's light does not come on by an installation"
    with person.systemd:
        assert until(person.is_up)
    assert person.lines("starts") == ["run --no-open"] and person.lines("ends") == ["in order"]


def test_removal_ends_the_running_program_and_systemd_knows_it_no_more(person: Person):
    with person.systemd as systemd:
        person.installs(autostart=True)
        systemd.control("start", UNIT)
        assert until(person.is_up)
        assert person.removes()
        assert person.lines("ends") == ["in order"]
        assert systemd.facts(UNIT, "LoadState", "ActiveState") == {"LoadState": "not-found", "ActiveState": "inactive"}
    with person.systemd:
        assert person.number() == 0
    assert len(person.lines("starts")) == 1


@pytest.mark.slow
def test_the_program_itself_is_live_again_after_its_host_was_killed(tmp_path: Path):
    (_, row, _), *_ = play(service.ROOM, {"service"}, tmp_path)
    assert not row.wrong and row.again_s is not None
