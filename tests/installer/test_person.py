"""Who the installation is for: the name is not guessed from a folder, and root does not stand in for a person."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from installer.errors import InstallError
from installer.machine import data, work
from installer.machine.host import Host
from installer.machine.person import another_person, home_folder
from installer.machine.steps import LEFT_OUT
from tests.installer.fake_host import WISHES, FakeHost

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = [("root", 0, "/root"), ("toor", 0, "/root"), ("daemon", 1, "/usr/sbin"), ("alice", 1000, "/home/alice")]
ODD_HOME = "/home/CORP/jdoe.local"

unix = pytest.mark.skipif(os.name == "nt", reason="accounts of Unix")


@unix
@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"LOGNAME": "jdoe"}, "jdoe"),
        ({"USER": "", "LOGNAME": "jdoe"}, "jdoe"),
        ({"USER": "jd", "LOGNAME": "jdoe"}, "jd"),
        ({"USERNAME": "somebody", "LOGNAME": "jdoe"}, "jdoe"),
    ],
)
def test_the_name_is_what_the_variables_say_and_not_the_folder(environment: dict[str, str], name: str) -> None:
    assert Host(home=ODD_HOME, environment=environment).user == name


@unix
def test_where_no_variable_says_the_name_the_list_of_accounts_does() -> None:
    import pwd

    assert Host(home=ODD_HOME, environment={"PATH": "/bin"}).user == pwd.getpwuid(os.getuid()).pw_name


def test_a_name_that_nobody_says_leaves_out_the_group_and_nothing_else(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, home=ODD_HOME, environment={"PATH": "/bin"})
    steps = {step.name: step for step in work.steps_of(host, WISHES)}
    assert steps["group"].state == LEFT_OUT and "set USER" in steps["group"].reason
    assert [name for name, step in steps.items() if step.state == LEFT_OUT] == ["group", "autostart", "obs"]
    assert not any("usermod" in line for line in work.plan_lines(host, WISHES))


@unix
@pytest.mark.parametrize("home", ["", "mia", "home/mia", ".", "~"])
def test_a_home_folder_that_is_no_whole_path_is_refused(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", home)
    with pytest.raises(InstallError, match=rf"HOME is '{home}', which is no whole path"):
        home_folder()
    with pytest.raises(InstallError, match="no whole path"):
        Host(environment={})


@unix
def test_a_home_folder_that_no_variable_says_is_that_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    monkeypatch.delenv("HOME")
    assert home_folder() == pwd.getpwuid(os.getuid()).pw_dir


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"])
def test_a_folder_of_the_persons_that_is_no_whole_path_is_refused(variable: str, tmp_path: Path) -> None:
    host = FakeHost(tmp_path, environment={"USER": "mia", variable: "config"})
    with pytest.raises(InstallError, match=f"{variable} is 'config', which is no whole path"):
        data.folders(host)


@pytest.mark.parametrize(
    ("environment", "home", "meant"),
    [
        ({"SUDO_USER": "alice", "USER": "root"}, "/root", ("SUDO_USER", "alice")),
        ({"DOAS_USER": "alice", "USER": "root"}, "/root", ("DOAS_USER", "alice")),
        ({"PKEXEC_UID": "1000"}, "/root", ("PKEXEC_UID", "alice")),
        ({"PKEXEC_UID": "1234"}, "/root", ("PKEXEC_UID", "number 1234")),
        ({"USER": "alice"}, "/root", ("USER", "alice")),
        ({"LOGNAME": "alice"}, "/root", ("LOGNAME", "alice")),
        ({"USER": "alice"}, "/home/alice", ("USER", "alice")),
        ({"USER": "root"}, "/home/alice", ("HOME", "alice")),
        ({}, "/home/alice", ("HOME", "alice")),
    ],
)
def test_root_that_is_there_for_a_person_is_known(
    environment: dict[str, str], home: str, meant: tuple[str, str]
) -> None:
    assert another_person(environment, home, ACCOUNTS) == meant


@pytest.mark.parametrize("home", ["/root", "/", "/tmp/x", "/usr/sbin"])
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"USER": "root", "LOGNAME": "root"},
        {"USER": ""},
        {"USER": "toor"},
        {"SUDO_USER": "root"},
        {"PKEXEC_UID": "0", "USER": "root"},
    ],
)
def test_a_machine_where_root_is_the_only_person_is_roots(environment: dict[str, str], home: str) -> None:
    assert another_person(environment, home, ACCOUNTS) is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can be refused as root")
@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"SUDO_USER": "mia"}, True),
        ({"DOAS_USER": "mia"}, True),
        ({"PKEXEC_UID": "1000"}, True),
        ({"USER": "mia"}, True),
        ({"USER": "root", "LOGNAME": "root"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("verb", ["install", "remove"])
def test_root_is_refused_in_words_for_somebody_else_and_works_for_root(
    verb: str, said: dict[str, str], refused: bool, tmp_path: Path
) -> None:
    answer = subprocess.run(
        [sys.executable, str(ROOT / "installer"), verb, "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **said},
    )
    assert answer.returncode == (2 if refused else 0), answer.stderr
    assert ("Root called this, and" in answer.stderr) == refused
    assert all(name in answer.stderr for name in said) or not refused
