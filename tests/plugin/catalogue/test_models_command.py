"""`streamv2v-cam models`: the list for people and programs, one line for each refusal, and a model of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamv2v_cam.catalogue import ENTRIES
from streamv2v_cam.cli import main


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    places = [f"engine.models_folder={tmp_path / 'models'}", f"engine.cache_dir={tmp_path / 'hub'}"]

    def called(*words: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["models", *(word for place in places for word in ("--set", place)), *words])
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return called


def test_the_list_has_every_model_for_programs_and_for_people(call) -> None:
    code, out, _ = call("--json")
    assert code == 0 and [model["name"] for model in json.loads(out)] == [entry.name for entry in ENTRIES]
    _, table, _ = call()
    assert all(entry.name in table and (not entry.licence or entry.licence.name in table) for entry in ENTRIES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("get", "nothing"), "There is no model 'nothing'"),
        (("get", "sd-turbo"), "--accept-licence"),
        (("add", "/nowhere"), "is not there"),
        (("remove", "embedded"), "belongs to the program"),
        (("remove", "sd-turbo"), "is not on this machine"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_2(call, words: tuple[str, ...], said: str) -> None:
    code, out, err = call(*words)
    assert (code, out) == (2, "") and said in err.splitlines()[-1] and "Traceback" not in err


def test_one_of_yours_is_taken_in_listed_and_taken_out(call, tiny_model: Path) -> None:
    assert "run --model mine" in call("add", str(tiny_model), "--name", "mine")[1]
    assert json.loads(call("--json")[1])[-1]["name"] == "mine"
    assert "is on this machine" in call("get", "mine")[1]
    assert "stay where they are" in call("remove", "mine")[1] and tiny_model.is_dir()
