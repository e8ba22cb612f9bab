"""The command line: nothing that a person wrote to be careful is passed over, and the way it goes is named."""

from __future__ import annotations

import pytest

from installer import command_line, commands
from installer.errors import InstallError


def refused(line: str) -> str:
    with pytest.raises(InstallError) as caught:
        command_line.read(line.split())
    return str(caught.value)


@pytest.mark.parametrize("verb", command_line.OPTIONS)
def test_verbs_that_change_the_machine_take_nothing_after_two_dashes(verb: str) -> None:
    said = refused(f"{verb} -- --dry-run")
    assert "takes nothing after --" in said and f"Write: installer {verb} --dry-run. Nothing was done" in said
    assert f"Write: installer {verb} --yes --dry-run." in refused(f"{verb} --yes -- --dry-run")
    assert "found 'x' there. It takes --dry-run" in refused(f"{verb} -- x")
    assert command_line.read([verb, "--dry-run", "--"]).own == ["--dry-run"]


@pytest.mark.parametrize("verb", command_line.OPTIONS)
@pytest.mark.parametrize("word", ["--dryrun", "--dry_run", "--DRY-RUN", "-dry-run", "--dry-run=yes", "dry-run"])
def test_a_slip_in_a_word_is_answered_with_the_word_and_never_with_two_dashes(verb: str, word: str) -> None:
    said = refused(f"{verb} {word}")
    assert f"Write: installer {verb} --dry-run. Nothing was done" in said and "after --" not in said


def test_a_word_that_is_near_none_is_answered_with_all_that_there_are() -> None:
    assert "It takes --dry-run, --yes, --purge, --verbose" in refused("remove --frob")
    assert "It takes --dry-run, --yes, --verbose" in refused("repair --purge")
    assert "Write:" not in refused("install --dryrun --purge")


@pytest.mark.parametrize("verb", ["run", "test"])
def test_run_and_test_pass_on_what_comes_after_two_dashes_and_say_so(verb: str) -> None:
    assert command_line.read([verb, "--verbose", "--", "--dry-run", "--", "x"]).passed_on == ["--dry-run", "--", "x"]
    assert f"go after --, as in: installer {verb} -- --for 20" in refused(f"{verb} --for 20")
    assert "is --verbose meant?" in refused(f"{verb} --verbos")
    assert "one of install, update, repair, remove" in refused(f"{verb} --dry-run")


def test_a_slip_in_a_verb_is_answered_with_the_verb() -> None:
    assert "Is remove meant?" in refused("remvoe")
    assert "Options come after it" in refused("--dry-run remove")


def test_a_refused_line_reaches_no_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []
    monkeypatch.setattr(commands, "do_verb", lambda verb, *_: done.append(verb) or 0)
    for line in ("remove -- --dry-run", "remove --dryrun", "install -- --dry-run"):
        assert commands.main(line.split()) == 2
    assert done == [] and capsys.readouterr().err.count("Nothing was done") == 3
    assert commands.main(["remove", "--dry-run"]) == 0 and done == ["remove"]
