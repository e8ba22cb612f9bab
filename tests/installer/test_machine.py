"""What the installer does to a machine: exactly what a dry run says, only what is missing; all can be taken back."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path

import pytest

from installer.console import Console
from installer.errors import InstallError
from installer.machine import data, work
from installer.machine.host import Host
from installer.machine.journal import Journal
from installer.machine.steps import DONE, LEFT_OUT, Wishes
from tests.installer.fake_host import BOOKWORM, WISHES, FakeHost, tree

AUTOSTART = Wishes(WISHES.program, WISHES.icon, WISHES.script, WISHES.dock, autostart=True)
OBS = "/home/mia/.config/obs-studio"
COLLECTION = {"name": "Untitled", "sources": [{"volume": 0.30000000000000004, "big": 2**60}], "modules": {}}
OBS_FILES = {
    f"{OBS}/user.ini": "\ufeff[General]\nFirstRun=true\n\n[BasicWindow]\ngeometry=AdnQ\n",
    f"{OBS}/basic/scenes/Untitled.json": json.dumps(COLLECTION),
}


def quiet() -> Console:
    return Console(io.StringIO())


def states(host: Host, wishes: Wishes = WISHES) -> dict[str, str]:
    return {step.name: step.state for step in work.steps_of(host, wishes)}


def test_install_then_remove_leaves_a_machine_as_it_was(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, **OBS_FILES})
    before, packages = tree(tmp_path), set(host.packages)
    work.install(host, AUTOSTART, quiet())
    assert tree(tmp_path) != before and "v4l2loopback-dkms" in host.packages
    assert set(states(host, AUTOSTART).values()) == {DONE}
    assert work.remove(host, quiet())
    assert (tree(tmp_path), host.packages) == (before, packages)
    assert "modprobe -r v4l2loopback" in host.ran and "gpasswd -d mia video" in host.ran
    assert not work.remove(host, quiet())


def test_a_dry_run_changes_nothing_and_says_exactly_what_install_does(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, **OBS_FILES})
    before = tree(tmp_path)
    said = list(work.plan_lines(host, WISHES))
    assert (tree(tmp_path), host.ran) == (before, [])
    work.install(host, WISHES, quiet())
    commands = [line.strip().partition(": ")[2] for line in said if line.strip().startswith("run")]
    assert commands == host.ran
    written = [line.split()[1].rstrip(":") for line in said if line.startswith("    write")]
    linked = [line.split()[1] for line in said if line.startswith("    link")]
    changed = [line for line in said if line.startswith("    add")]
    new = {place for place in tree(tmp_path) if place not in before and not host.path("/" + place).is_dir()}
    expected = {name.lstrip("/") for name in [*written, *linked]}
    expected |= {f"{name.lstrip('/')}.before-streamv2v" for name in OBS_FILES}
    assert new - {Journal(host).path.lstrip("/")} == expected
    assert len(changed) == 2 and "token" not in "".join(said)


def test_a_second_install_does_nothing(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    work.install(host, WISHES, quiet())
    first = tree(tmp_path)
    host.ran.clear()
    work.install(host, WISHES, quiet())
    assert (host.ran, tree(tmp_path)) == ([], first)
    assert not [line for line in work.plan_lines(host, WISHES) if line.startswith("    ")]


def test_an_install_that_was_stopped_goes_on_and_can_still_be_taken_back(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, failing=["usermod"])
    before = tree(tmp_path)
    with pytest.raises(InstallError, match="usermod"):
        work.install(host, WISHES, quiet())
    host.failing = []
    installs = sum(command.startswith("apt-get install") for command in host.ran)
    work.install(host, WISHES, quiet())
    assert sum(command.startswith("apt-get install") for command in host.ran) == installs == 1
    work.remove(host, quiet())
    assert tree(tmp_path) == before


def test_what_was_half_done_when_the_power_went_is_taken_back_too(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, failing=["apt-get install"])
    before = tree(tmp_path)
    with pytest.raises(InstallError):
        work.install(host, WISHES, quiet())
    assert "etc/apt/sources.list.d/streamv2v-backports.list" in tree(tmp_path)
    host.packages |= {"dkms", "v4l2loopback-dkms"}  # apt got so far
    work.remove(host, quiet())
    assert tree(tmp_path) == before and not host.packages & {"dkms", "v4l2loopback-dkms"}


def test_packages_that_somebody_else_brought_or_needs_stay(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.packages |= {"gcc", "somebody-else"}
    work.install(host, WISHES, quiet())
    host.packages |= {"came-later"}
    work.remove(host, quiet())
    assert host.packages >= {"gcc", "somebody-else", "came-later"} and "dkms" not in host.packages


def test_a_file_that_the_person_changed_stays_and_is_named(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    work.install(host, WISHES, quiet())
    options = host.path("/etc/modprobe.d/streamv2v.conf")
    options.write_text("options v4l2loopback devices=4\n")
    said = io.StringIO()
    work.remove(host, Console(said))
    assert options.exists() and "streamv2v.conf was changed since; it stays" in said.getvalue()


def test_other_options_of_the_module_are_not_fought(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, "/etc/modprobe.d/mine.conf": "options v4l2loopback video_nr=42\n"})
    left = {step.name: step.reason for step in work.steps_of(host, WISHES) if step.state == LEFT_OUT}
    assert "mine.conf says already" in left["options"]


def test_numbers_that_a_camera_has_are_left_to_it(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, "/sys/class/video4linux/video11/name": "HD Webcam\n"})
    assert any("video_nr=12,13" in line for line in work.plan_lines(host, WISHES))


@pytest.mark.parametrize(
    ("release", "told", "command"),
    [
        (
            "VERSION_CODENAME=bookworm",
            "",
            "-t bookworm-backports v4l2loopback-dkms v4l-utils linux-headers-6.1.0-40-amd64",
        ),
        (
            "VERSION_CODENAME=trixie",
            "",
            "--no-install-recommends v4l2loopback-dkms v4l-utils linux-headers-6.1.0-40-amd64",
        ),
    ],
)
def test_debian_12_takes_the_module_from_backports(release: str, told: str, command: str, tmp_path: Path) -> None:
    lines = list(work.plan_lines(FakeHost(tmp_path, {**BOOKWORM, "/etc/os-release": release}), WISHES))
    assert any(command in line for line in lines)
    assert any("backports.list" in line for line in lines) == ("bookworm" in release)


def test_backports_that_are_there_already_are_not_written_again(tmp_path: Path) -> None:
    sources = {"/etc/apt/sources.list.d/b.list": "deb http://deb.debian.org/debian bookworm-backports main\n"}
    lines = list(work.plan_lines(FakeHost(tmp_path, {**BOOKWORM, **sources}), WISHES))
    assert not any("streamv2v-backports" in line for line in lines)


def test_a_module_that_is_loaded_with_other_nodes_is_loaded_again(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, "/sys/module/v4l2loopback/version": "0.15.0"})
    loads = [line.strip() for line in work.plan_lines(host, WISHES) if "modprobe " in line and "run" in line]
    assert loads == ["run as root: modprobe -r v4l2loopback", "run as root: modprobe v4l2loopback"]


def test_a_module_that_does_not_load_is_said_and_stops_nothing(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, failing=["modprobe"])
    said = io.StringIO()
    work.install(host, WISHES, Console(said))
    assert "note: modprobe v4l2loopback failed" in said.getvalue()
    assert states(host)["entry"] == DONE and not Journal(host).knows(
        kind="run", undo=["modprobe", "-r", "v4l2loopback"]
    )


def test_a_system_without_apt_is_told_its_own_commands(tmp_path: Path) -> None:
    left = {step.name: step for step in work.steps_of(FakeHost(tmp_path, programs=()), WISHES)}
    assert "dnf install" in left["packages"].reason and left["entry"].state == "to do"


def test_without_a_yes_nothing_is_done_as_root_and_the_rest_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost(tmp_path)
    monkeypatch.setattr(FakeHost, "is_root", lambda self: False)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal: nobody there to ask
    left = {step.name: step.reason for step in work.install(host, WISHES, quiet())}
    assert {"packages", "options", "at-boot", "rule", "group", "load"} <= set(left) and "--yes" in left["packages"]
    assert not host.exists("/etc/modprobe.d/streamv2v.conf") and states(host)["entry"] == DONE


def test_what_needs_root_is_asked_in_words_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Person(io.StringIO):
        def isatty(self) -> bool:
            return True

    host, said = FakeHost(tmp_path), io.StringIO()
    monkeypatch.setattr(FakeHost, "is_root", lambda self: False)
    monkeypatch.setattr("sys.stdin", Person("n\n"))
    work.install(host, WISHES, Console(said))
    asked = said.getvalue().partition("Do them? [y/N]")[0]
    assert "usermod -aG video mia" in asked and "write /etc/modprobe.d/streamv2v.conf as root" in asked
    assert "streamv2v-cam.desktop" not in asked and not any("apt-get" in command for command in host.ran)


def test_a_file_of_root_is_written_through_sudo(tmp_path: Path) -> None:
    class Person(FakeHost):
        def is_root(self) -> bool:
            return False

    host = Person(tmp_path)
    host.write("/etc/x.conf", "text", root=True)
    part = "/etc/x.conf.streamv2v-part"
    assert host.ran == ["mkdir -p /etc", f"tee {part}", f"chmod 644 {part}", f"mv -f {part} /etc/x.conf"]


def test_a_command_of_that_name_that_is_not_ours_stays(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, "/home/mia/.local/bin/streamv2v-cam": "mine"})
    assert states(host)["command"] == LEFT_OUT


def test_a_journal_of_another_kind_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    place = Journal(host).path
    host.write(place, "{}")
    with pytest.raises(InstallError, match="Move it away"):
        work.install(host, WISHES, quiet())
    assert host.ran == []


def test_what_the_program_keeps_of_a_person_goes_only_where_that_is_asked(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    before = tree(tmp_path)
    work.install(host, WISHES, quiet())
    host.write("/home/mia/.cache/streamv2v-cam/engine/a", "x")
    host.write("/home/mia/.config/other/a", "x")
    work.remove(host, quiet())
    assert data.present(host) == ["/home/mia/.cache/streamv2v-cam"]
    data.delete(host)
    new = set(tree(tmp_path)) - set(before)
    assert new == {"home/mia/.config", "home/mia/.config/other", "home/mia/.config/other/a"}


def test_a_key_that_came_with_the_installation_goes_with_it(tmp_path: Path) -> None:
    host, place = FakeHost(tmp_path), "/home/mia/.config/streamv2v-cam/token"
    before, missing = tree(tmp_path), host.missing_folders(place)
    host.write(place, "key")
    data.note_key(host, place, made=True, missing=missing)
    work.remove(host, quiet())
    assert tree(tmp_path) == before
    host.write(place, "key")
    data.note_key(host, place, made=False, missing=[])
    assert not work.remove(host, quiet()) and host.exists(place)


WINDOWS_HOME = "C:\\Users\\mia"


def test_windows_gets_a_shortcut_a_value_and_the_dock_and_gives_them_back(tmp_path: Path) -> None:
    obs = f"{WINDOWS_HOME}\\AppData\\Roaming\\obs-studio"
    files = {f"{obs}\\user.ini": "[General]\r\nFirstRun=true\r\n", f"{obs}\\basic\\scenes\\a.json": "{}"}
    told = {"reg query HKLM": "InprocServer32"}
    host = FakeHost(tmp_path, files, system="win32", home=WINDOWS_HOME, environment={"USERNAME": "mia"}, told=told)
    before = tree(tmp_path)
    work.install(host, AUTOSTART, quiet())
    assert any(command.startswith("powershell") and "CreateShortcut" in command for command in host.ran)
    assert any(command.startswith("reg add HKCU") for command in host.ran)
    ini = host.read(f"{obs}\\user.ini") or ""
    assert '"url": "http://127.0.0.1:8765/#token=k"' in ini and ini.count("\n") == ini.count("\r\n")
    host.ran.clear()
    work.remove(host, quiet())
    assert tree(tmp_path) == before
    assert any("Remove-Item" in command for command in host.ran) and any(
        "reg delete" in command for command in host.ran
    )


def test_macos_gets_an_agent_and_something_to_click_and_gives_them_back(tmp_path: Path) -> None:
    extension = "* com.obsproject.obs-studio.mac-camera-extension [activated enabled]"
    told = {"systemextensionsctl": extension, "id -u": "501"}
    host = FakeHost(tmp_path, {}, system="darwin", home="/Users/mia", told=told)
    before = tree(tmp_path)
    work.install(host, AUTOSTART, quiet())
    click = host.path("/Users/mia/Applications/StreamV2V Camera.command")
    assert click.stat().st_mode & 0o111 and shlex.quote(AUTOSTART.program) in click.read_text()
    assert any(command.startswith("launchctl bootstrap gui/501") for command in host.ran)
    work.remove(host, quiet())
    assert tree(tmp_path) == before and "launchctl bootout gui/501/org.streamv2v.cam" in host.ran
