"""Settings: default < file < environment < command line, each value with its origin."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace

import pytest
from streamv2v_cam.errors import LookError, SettingsError
from streamv2v_cam.settings import load_settings
from streamv2v_cam.settings.engine import BankSettings, EngineSettings
from streamv2v_cam.settings.file import commented_file, write_commented_file, write_setting
from streamv2v_cam.settings.loading import default_cache_folder
from streamv2v_cam.settings.model import Settings, StartSettings
from streamv2v_cam.settings.tree import FIELDS, variable

from streamv2v.config import BEST_CONTROLS, BankConfig, Lora, StreamConfig
from streamv2v.controls import CONTROL_NAMES, Controls


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """No test reads, or writes, the settings of the person who runs it."""
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "settings.toml"


def refusal(flags=None, path=None):
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_value_knows_where_it_comes_from(path, monkeypatch):
    path.write_text("[engine]\nslots = 3\ndtype = 'float32'\n[publish]\nfps = 25\n[engine.bank]\nkind = 'queue'\n")
    monkeypatch.setenv("STREAMV2V_ENGINE__SLOTS", "4")
    monkeypatch.setenv("STREAMV2V_PUBLISH__FPS", "20")
    loaded = load_settings({"publish.fps": 15, "engine.model": None})
    assert (loaded.engine.bank.kind, loaded.origin("engine.bank.kind")) == ("queue", f"file {path}")
    assert (loaded.engine.dtype, loaded.origin("engine.dtype")) == ("float32", f"file {path}")
    assert (loaded.engine.slots, loaded.origin("engine.slots")) == (4, "environment STREAMV2V_ENGINE__SLOTS")
    assert (loaded.publish.fps, loaded.origin("publish.fps")) == (15, "command line")
    assert (loaded.engine.model, loaded.origin("engine.model")) == ("embedded", "default")


def test_without_a_file_everything_is_a_default():
    assert {origin for _, _, origin in load_settings().items()} == {"default"}


def test_every_value_of_the_library_can_be_set():
    assert {item.name for item in fields(StreamConfig)} <= set(EngineSettings.model_fields)
    assert {item.name for item in fields(BankConfig)} == set(BankSettings.model_fields)
    assert set(CONTROL_NAMES) <= set(StartSettings.model_fields)


def test_the_defaults_are_those_of_the_library_but_for_size_slots_the_best_bank_and_a_folder_to_remember_in():
    plain, ours = StreamConfig(width=336, height=192, slots=1, bank=BankConfig.best()), load_settings().stream_config()
    assert ours == replace(plain, compile_cache=default_cache_folder())


def test_what_was_tried_and_compiled_is_kept_where_it_was_asked():
    assert load_settings({"engine.compile_cache": "/some/where"}).stream_config().compile_cache == "/some/where"


def test_another_model_gets_another_size_unless_one_was_asked_for():
    assert load_settings({"engine.model": "some/model"}).engine_size() == (576, 320)
    standing = {"publish.width": 720, "publish.height": 1280}
    assert load_settings(standing).engine_size() == (192, 336), "the shape is that of the published picture"
    assert load_settings().stream_config().slots == 1
    assert load_settings({"engine.model": "some/model"}).stream_config().slots == 2
    assert load_settings({"engine.slots": 4}).stream_config().slots == 4
    asked = load_settings({"engine.model": "some/model", "engine.width": 512, "engine.height": 512})
    assert asked.engine_size() == (512, 512)


def test_the_best_bank_is_that_of_the_library_with_what_was_set_over_it():
    best = load_settings({"engine.bank.kind": "best"})
    assert best.stream_config().bank == BankConfig.best()
    assert {name: getattr(best.controls(), name) for name in BEST_CONTROLS} == BEST_CONTROLS
    changed = load_settings({"engine.bank.kind": "best", "engine.bank.merge_seed": 5, "start.feedback": 0.1})
    assert changed.stream_config().bank == BankConfig.best(merge_seed=5)
    assert changed.controls().feedback == 0.1
    paper = load_settings({"engine.bank.kind": "paper"})
    assert paper.stream_config().bank == BankConfig()
    assert paper.controls().feedback == Controls().feedback == 0.0
    assert load_settings().controls().feedback == BEST_CONTROLS["feedback"]


@pytest.mark.parametrize(
    ("text", "lora"),
    [
        ("style.safetensors", Lora("style.safetensors")),
        ("style.safetensors:0.8", Lora("style.safetensors", 0.8)),
        (r"C:\loras\style.safetensors", Lora(r"C:\loras\style.safetensors")),
        (r"C:\loras\style.safetensors:0.5", Lora(r"C:\loras\style.safetensors", 0.5)),
        ("someone/style:1", Lora("someone/style", 1.0)),
    ],
)
def test_a_lora_may_carry_its_scale(text, lora):
    assert load_settings({"engine.loras": [text]}).stream_config().loras == (lora,)


def test_lists_in_the_environment_are_parted_by_commas_or_written_as_json(monkeypatch):
    monkeypatch.setenv("STREAMV2V_PUBLISH__SINKS", "camera, out.mp4")
    monkeypatch.setenv("STREAMV2V_START__BLEND", '[["oil", 0.5]]')
    loaded = load_settings()
    assert loaded.publish.sinks == ["camera", "out.mp4"]
    assert loaded.controls().blend == (("oil", 0.5),)


def test_a_bare_number_is_a_camera(path):
    path.write_text("[capture]\nsource = 1\n")
    assert load_settings().capture.source == "1"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("engine.slots", 99, "1 to 8"),
        ("engine.guidance", "strong", "none, full, self, initialize"),
        ("engine.width", 100, "multiple of 8 from 64 to 2048"),
        ("engine.device", "gpu", "auto, cpu, cuda"),
        ("engine.acceleration", "fast", "auto, none, graph"),
        ("engine.bank.kind", "loop", "paper, queue, off"),
        ("engine.offline", "perhaps", "true or false"),
        ("publish.width", 641, "multiple of 2"),
        ("publish.fps", "nan", "1 to 120"),
        ("publish.sinks", [], "a list of texts"),
        ("publish.sinks", [""], "a list of texts"),
        ("start.blend", "[[3", "pairs"),
        ("control.port", 70000, "0 to 65535"),
        ("control.host", "0.0.0.0", "127.0.0.1"),
        ("start.strength", 7, "0 to 1"),
        ("start.strength", "much", "number"),
        ("start.prompt", "", "words"),
        ("start.mode", "sleep", "privacy"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_its_origin_and_what_is_allowed(name, value, allowed):
    said = refusal({name: value})
    assert name.rpartition(".")[2] in said
    assert "command line" in said
    assert allowed in said


def test_the_origin_of_a_wrong_value_is_named(path, monkeypatch):
    path.write_text("[engine]\nslots = 99\n")
    assert str(path) in refusal()
    monkeypatch.setenv("STREAMV2V_ENGINE__SLOTS", "98")
    assert "environment STREAMV2V_ENGINE__SLOTS" in refusal()


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("[engine]\nslts = 3\n", "engine.slots"),
        ("[publish]\nslots = 3\n", "engine.slots"),
        ("[engin]\nslots = 3\n", "the section [engine]"),
        ("strength = 0.3\n", "start.strength"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(path, text, nearest):
    path.write_text(text)
    assert f"did you mean {nearest}?" in refusal()


def test_an_unknown_variable_of_a_section_is_refused_and_a_foreign_one_is_not(monkeypatch):
    monkeypatch.setenv("STREAMV2V_HOME", "/somewhere")
    load_settings()
    monkeypatch.setenv("STREAMV2V_ENGINE__SLTS", "3")
    assert "did you mean engine.slots?" in refusal()
    monkeypatch.delenv("STREAMV2V_ENGINE__SLTS")
    monkeypatch.setenv("STREAMV2V_ENGIN__SLOTS", "3")
    assert "did you mean engine.slots?" in refusal()
    monkeypatch.delenv("STREAMV2V_ENGIN__SLOTS")
    monkeypatch.setenv("STREAMV2V_ENGINE_BANK_KIND", "off")
    assert "did you mean STREAMV2V_ENGINE__BANK__KIND?" in refusal()


def test_a_file_that_is_no_toml_is_refused_with_the_line(path):
    path.write_text("[engine]\nslots = \n")
    assert "line 2" in refusal()


def test_a_file_that_was_asked_for_must_be_there(tmp_path):
    assert "config init" in refusal({}, tmp_path / "none.toml")


def test_start_values_go_over_the_look_and_the_look_over_the_defaults():
    loaded = load_settings({"start.look": "neon", "start.strength": 0.11})
    neon = loaded.looks().get("neon")
    assert loaded.controls().prompt == neon.prompt
    assert loaded.controls().strength == 0.11
    assert loaded.start_look() == "neon"


def test_a_prompt_alone_starts_without_a_look():
    loaded = load_settings({"start.prompt": "a marble bust"})
    assert loaded.start_look() is None
    assert loaded.controls() == Controls(prompt="a marble bust", **BEST_CONTROLS)


def test_without_a_word_the_first_look_is_on_air():
    loaded = load_settings()
    assert loaded.start_look() == loaded.looks().names[0]


def test_a_start_look_that_does_not_exist_is_refused_before_anything_starts():
    with pytest.raises(LookError, match="pencil"):
        load_settings({"start.look": "pencl"})


def test_the_users_looks_lie_beside_the_settings(path):
    path.with_name("looks.toml").write_text('[mine]\nprompt = "a snow globe"\n')
    assert load_settings({"start.look": "mine"}).controls().prompt == "a snow globe"
    assert load_settings().start_look() != "mine", "a look that is added does not become the one of the start"


def test_the_commented_file_changes_nothing_and_holds_every_setting(path):
    write_commented_file(path)
    assert {origin for _, _, origin in load_settings().items()} == {"default"}
    uncommented = tomllib.loads(re.sub(r"(?m)^# (\w+ = )", r"\1", commented_file()))
    for name in FIELDS:
        place = uncommented
        for part in name.split("."):
            place = place[part]


def test_the_commented_file_with_every_comment_taken_away_is_valid(path):
    path.write_text(re.sub(r"(?m)^# (\w+ = )", r"\1", commented_file()))
    loaded = load_settings()
    assert all(origin == f"file {path}" for _, _, origin in loaded.items())


def test_a_settings_file_is_not_written_over_unless_forced(path):
    path.write_text("# mine\n")
    with pytest.raises(SettingsError, match="--force"):
        write_commented_file(path)
    assert path.read_text() == "# mine\n"
    write_commented_file(path, force=True)
    assert "[engine]" in path.read_text()


def test_writing_one_setting_keeps_comments_and_everything_else(path):
    path.write_text("# mine\n[engine]\nslots = 3  # for the old card\n\n[engine.bank]\nkind = 'off'\n")
    assert write_setting(path, "engine.slots", "4") == 4
    assert write_setting(path, "engine.threads", "2") == 2
    assert write_setting(path, "publish.sinks", "camera,null") == ["camera", "null"]
    assert write_setting(path, "start.prompt", 'a "bold" \\ look') == 'a "bold" \\ look'
    text = path.read_text()
    assert "# mine" in text
    assert "slots = 4  # for the old card" in text
    assert load_settings().engine.bank.kind == "off"
    assert load_settings().engine.threads == 2
    assert load_settings().controls().prompt == 'a "bold" \\ look'


def test_a_setting_takes_the_place_of_its_commented_default(path):
    write_commented_file(path)
    write_setting(path, "engine.slots", "4")
    lines = path.read_text().splitlines()
    assert "slots = 4" in lines
    assert "# slots =" not in "".join(lines)


@pytest.mark.parametrize(("name", "value"), [("engine.slots", "99"), ("engine.slts", "3"), ("start.strength", "7")])
def test_a_refused_setting_is_not_written(path, name, value):
    path.write_text("[engine]\nslots = 3\n")
    with pytest.raises(SettingsError):
        write_setting(path, name, value)
    assert path.read_text() == "[engine]\nslots = 3\n"


def test_every_setting_can_come_from_the_environment(monkeypatch):
    defaults = {name: value for name, value, _ in load_settings().items() if value is not None}
    for name, value in defaults.items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        if text:
            monkeypatch.setenv(variable(name), text)
    loaded = load_settings()
    for name, value, origin in loaded.items():
        if defaults.get(name):
            assert (value, origin) == (defaults[name], f"environment {variable(name)}")


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().engine.slots = 3  # type: ignore[misc]
