"""What cannot be read, or does not answer, is not taken for what is not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from installer.environment import STATE_FORMAT, Environment
from installer.errors import InstallError
from installer.machine import apt, obs_files, work
from installer.machine.journal import Journal
from installer.machine.steps import DONE, LEFT_OUT
from tests.installer.fake_host import BOOKWORM, WISHES, FakeHost, install, remove, tree

LATIN = "# Café\n".encode("latin-1")
MOVED = replace(WISHES, script="/elsewhere/streamv2v.lua", dock="http://127.0.0.1:8765/#token=new")
SCENE = "/home/mia/.config/obs-studio/basic/scenes/a.json"


def states(host: FakeHost) -> dict[str, str]:
    return {step.name: step.state for step in work.steps_of(host, WISHES)}


def in_latin(host: FakeHost, name: str, text: str) -> None:
    """A file as somebody wrote it before there was UTF-8."""
    host.path(name).parent.mkdir(parents=True, exist_ok=True)
    host.path(name).write_bytes(LATIN + text.encode())


def test_a_list_of_groups_with_an_old_letter_still_has_the_group(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    in_latin(host, "/etc/group", "root:x:0:\nvideo:x:44:\n")
    install(host)
    assert "usermod -aG video mia" in host.ran


def test_options_of_the_module_in_a_file_with_an_old_letter_are_not_fought(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    in_latin(host, "/etc/modprobe.d/mine.conf", "options v4l2loopback video_nr=42\n")
    in_latin(host, "/etc/modules", "v4l2loopback\n")
    assert (states(host)["options"], states(host)["at-boot"]) == (LEFT_OUT, DONE)


def test_sources_of_apt_in_a_file_with_an_old_letter_are_known(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    in_latin(host, "/etc/apt/sources.list", "deb http://mirror.example/debian bookworm main\n")
    assert any("http://mirror.example/debian bookworm-backports" in line for line in work.plan_lines(host, WISHES))
    in_latin(host, "/etc/apt/sources.list.d/b.list", "deb http://mirror.example/debian bookworm-backports main\n")
    assert not any("streamv2v-backports" in line for line in work.plan_lines(host, WISHES))


class Mute(FakeHost):
    """One of its commands does not answer."""

    mute = "nothing"

    def ask(self, *command: str) -> str | None:
        return None if " ".join(command).startswith(self.mute) else super().ask(*command)


def test_a_list_of_packages_that_does_not_come_is_not_an_empty_one(tmp_path: Path) -> None:
    host = Mute(tmp_path, programs=("apt-get", "dpkg-query", "udevadm", "systemctl"))
    host.packages |= {"gcc"}
    host.mute = "dpkg-query"
    with pytest.raises(InstallError, match="list of installed packages is wanted"):
        install(host)
    assert host.ran == [] and not host.exists(Journal(host).path)
    host.mute = "nothing"
    install(host)
    host.mute = "dpkg-query"
    with pytest.raises(InstallError, match="list of installed packages is wanted"):
        remove(host)
    assert Journal(host).knows(kind="packages")
    host.mute = "nothing"
    remove(host)
    assert "gcc" in host.packages and "v4l2loopback-dkms" not in host.packages


def test_a_system_without_such_packages_has_none(tmp_path: Path) -> None:
    host = Mute(tmp_path, programs=())
    host.mute = "dpkg-query"
    assert apt.installed_packages(host) == set() and states(host)["packages"] == LEFT_OUT


@pytest.mark.parametrize("mute", ["apt-get purge -s", "apt-get autoremove -s"])
def test_packages_are_not_purged_while_apt_does_not_say_what_would_go(mute: str, tmp_path: Path) -> None:
    host = Mute(tmp_path)
    install(host)
    host.mute = mute
    with pytest.raises(InstallError, match="Which packages would go is wanted"):
        remove(host)
    assert "dkms" in host.packages and Journal(host).knows(kind="packages")
    host.mute = "nothing"
    remove(host)
    assert not host.packages & {"dkms", "v4l2loopback-dkms"} and not host.exists(Journal(host).path)


def test_a_copy_of_a_file_of_obs_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, SCENE: json.dumps({"modules": {}})})
    install(host)
    copy = host.path(SCENE + obs_files.BACKUP)
    copy.write_bytes(LATIN)
    with pytest.raises(InstallError, match=r"a\.json\.before-streamv2v is there and cannot be read \(it is no text\)"):
        install(host, MOVED)
    assert copy.read_bytes() == LATIN and MOVED.script not in (host.read(SCENE) or "")


def test_a_link_at_login_that_leads_elsewhere_is_not_ours_and_stays(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    wanted = host.path("/home/mia/.config/systemd/user/default.target.wants/streamv2v-cam.service")
    wanted.parent.mkdir(parents=True)
    wanted.symlink_to("/opt/mine.service")
    before = tree(tmp_path)
    assert "there already and leads elsewhere" in install(host, replace(WISHES, autostart=True))
    remove(host)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("text", ["[" * 100_000, "7", "{}", f'{{"format": {STATE_FORMAT}, "steps": 7}}', "\0"])
def test_a_record_of_the_environment_that_is_no_record_is_as_none(text: str, tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    environment.folder.mkdir()
    environment.record({"pip": "x"})
    (record,) = (path for path in environment.folder.iterdir() if "pip" in path.read_text())
    record.write_text(text)
    assert environment.finished() == {}


def test_obs_files_nested_without_end_are_not_as_obs_writes_them(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, SCENE: "[" * 100_000})
    assert f"{SCENE}: A scene collection of OBS is not as OBS writes it" in install(host)
