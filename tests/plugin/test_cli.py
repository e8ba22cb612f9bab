"""The command line: help at once, one clear line and exit code 2 for nonsense, tables and JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from streamv2v_cam import __version__
from streamv2v_cam.cli import main
from streamv2v_cam.settings.tree import FIELDS


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """No test reads, or writes, the settings, looks or log of the person who runs it."""
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.setattr("streamv2v_cam.system.logs.log_path", lambda: tmp_path / "log" / "cam.log")


def call(capsys, *arguments):
    """Exit code, stdout and stderr of one call."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    out, err = capsys.readouterr()
    return end.value.code, out, err


def test_packages_of_another_project_on_pythonpath_are_nothing_to_the_program(tmp_path):
    for name in ("typing", "numpy", "streamv2v_cam_extra"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('of another project')\n")
    places = [str(tmp_path), *(place for place in sys.path if place)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-m", "streamv2v_cam", "cameras", "--json"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert isinstance(json.loads(ended.stdout), list)


NONSENSE = [
    (["run", "--strength", "7"], "0 to 1"),
    (["run", "--strength", "much"], "--strength"),
    (["run", "--prompt", ""], "words"),
    (["run", "--look", "pencl"], "pencil"),
    (["run", "--size", "big"], "1280x720"),
    (["run", "--size", "641x360"], "multiple of 2"),
    (["run", "--engine-size", "100x100"], "multiple of 8"),
    (["run", "--model", ""], "model"),
    (["run", "--bank", "loop"], "paper, queue, off"),
    (["run", "--slots", "9"], "1 to 8"),
    (["run", "--guidance", "strong"], "initialize"),
    (["run", "--device", "gpu"], "cuda"),
    (["run", "--lora", "style.safetensors:9"], "-2 to 2"),
    (["run", "--for", "0"], "above 0"),
    (["run", "--for", "nan"], "above 0"),
    (["run", "--set", "engine.slots"], "KEY=VALUE"),
    (["run", "--set", "engine.slts=3"], "engine.slots"),
    (["run", "--config", "none.toml"], "none.toml"),
    (["run", "--nonsense"], "--nonsense"),
    (["run", "extra"], "extra"),
    (["translate", "in.mp4"], "OUT"),
    (["translate", "in.mp4", "out.mp4", "--strength", "7"], "0 to 1"),
    (["translate", "in.mp4", "out.mp4", "--size", "small"], "1280x720"),
    (["translate", "in.mp4", "out.mp4", "--vae", ""], "not empty"),
    (["translate", "in.mp4", "out.mp4", "--fps", "-1"], "0.001 to 1000"),
    (["dance"], "dance"),
    (["config", "set", "engine.slots", "99"], "1 to 8"),
    (["config", "set", "slots", "3"], "engine.slots"),
    (["config", "show", "--config", "none.toml"], "none.toml"),
    (["config", "memory", "--model", "./none"], "none"),
]


@pytest.mark.parametrize(("arguments", "words"), NONSENSE, ids=[" ".join(case[0]) for case in NONSENSE])
def test_nonsense_gets_one_clear_line_and_exit_code_2(capsys, arguments, words):
    code, out, err = call(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err


def test_the_version_is_told(capsys):
    assert call(capsys, "--version")[:2] == (0, f"streamv2v-cam {__version__}\n")


@pytest.mark.parametrize(
    "command", [[], ["run"], ["translate"], ["cameras"], ["looks"], ["config"], ["config", "set"], ["token"]]
)
def test_every_command_explains_itself(capsys, command):
    code, out, err = call(capsys, *command, "--help")
    assert (code, err) == (0, "")
    assert "Usage" in out


def test_without_a_command_the_help_is_shown(capsys):
    code, out, _ = call(capsys)
    assert code == 0
    assert "translate" in out


def test_help_imports_neither_torch_nor_the_picture_libraries():
    program = (
        "import sys; from streamv2v_cam.cli import main\n"
        "try: main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'cv2', 'numpy', 'av', 'fastapi', 'pydantic_settings'} & set(sys.modules)\n"
        "print(heavy, file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stderr.strip() == "set()"


def test_ctrl_c_while_the_program_is_still_importing_ends_it_without_a_traceback():
    program = (
        "import sys\n"
        "class Stopped:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stopped())\n"
        "from streamv2v_cam.cli import main\n"
        "main(['run'])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_looks_are_listed_and_given_as_json(capsys):
    code, out, _ = call(capsys, "looks")
    assert code == 0
    assert "Pencil sketch" in out
    looks = json.loads(call(capsys, "looks", "--json")[1])
    assert [look["number"] for look in looks] == list(range(1, len(looks) + 1))
    other = json.loads(call(capsys, "looks", "--json", "--model", "someone/model")[1])
    assert "claymation" in {look["name"] for look in other}


def test_a_file_of_looks_is_made_once_and_then_used(capsys, tmp_path):
    path = call(capsys, "looks", "path")[1].strip()
    assert path == str(tmp_path / "looks.toml")
    assert call(capsys, "looks", "init")[0] == 0
    assert "your file" in call(capsys, "looks")[1]
    code, _, err = call(capsys, "looks", "init")
    assert code == 2
    assert "--force" in err


def test_looks_are_copied_renamed_moved_exported_imported_and_deleted(capsys, tmp_path):
    file = str(tmp_path / "out.toml")
    shipped = [look["name"] for look in json.loads(call(capsys, "looks", "--json")[1])]
    free = str(len(shipped) + 1)
    mine = f"look-{free}"
    for arguments, said in [
        (("copy", "oil", "油画"), f"by name {mine}"),
        (("rename", free, "My oil"), f"{mine} is called 'My oil'"),
        (("move", mine, "3"), f"{mine} is 3 now; {shipped[2]} is {free}."),
        (("export", file), file),
        (("delete", mine), "'My oil' is deleted"),
        (("import", file), f"new: {mine}."),
        (("import", file), f"left as they are: {mine}."),
    ]:
        code, out, err = call(capsys, "looks", *arguments)
        assert (code, said in out) == (0, True), out + err
    assert json.loads(call(capsys, "looks", "--json")[1])[2]["title"] == "My oil"
    for arguments, said in [
        (("delete", "oil"), "ships"),
        (("rename", "3", "Pencil sketch"), "already"),
        (("export", file), "--force"),
        (("import", str(tmp_path / "none.toml")), "cannot be read"),
        (("copy", "nobody"), "no look"),
        (("copy", "oil", "\n"), "title"),
    ]:
        code, _, err = call(capsys, "looks", *arguments)
        assert (code, said in err.replace("\n", " ")) == (2, True), err


def test_a_mistake_in_the_users_looks_is_told_with_its_line(capsys, tmp_path):
    (tmp_path / "looks.toml").write_text('[mine]\nprompt = "x"\nstrength = 7\n')
    code, _, err = call(capsys, "looks")
    assert code == 2
    assert "line 3" in err


def test_config_show_says_where_each_value_comes_from(capsys, tmp_path, monkeypatch):
    (tmp_path / "settings.toml").write_text("[engine]\nslots = 3\n")
    monkeypatch.setenv("STREAMV2V_PUBLISH__FPS", "25")
    shown = json.loads(call(capsys, "config", "show", "--json", "--set", "control.port=9000")[1])
    assert set(shown) == set(FIELDS)
    assert shown["engine.slots"] == {"value": 3, "from": f"file {tmp_path / 'settings.toml'}"}
    assert shown["publish.fps"] == {"value": 25.0, "from": "environment STREAMV2V_PUBLISH__FPS"}
    assert shown["control.port"] == {"value": 9000, "from": "command line"}
    table = call(capsys, "config", "show")[1]
    line = next(line for line in table.splitlines() if "publish.fps" in line)
    assert line.split() == ["publish.fps", "25.0", "environment", "STREAMV2V_PUBLISH__FPS"]


def test_config_memory_says_what_a_choice_needs_without_loading_it(capsys):
    code, out, _ = call(capsys, "config", "memory", "--device", "cpu", "--dtype", "float32", "--json")
    told = json.loads(out)
    assert code == 0 and told["assumed"] == []
    assert sum(told["bytes"].values()) == told["total_bytes"] > 100e6
    larger = json.loads(call(capsys, "config", "memory", "--slots", "4", "--device", "cpu", "--json")[1])
    assert larger["bytes"]["feature bank"] > told["bytes"]["feature bank"]
    table = call(capsys, "config", "memory")[1]
    assert "in all" in table and "feature bank" in table and "engine.device is auto" in table


def test_the_token_is_shown_and_replaced(capsys, tmp_path):
    token = call(capsys, "token", "show")[1].strip()
    assert (tmp_path / "token").read_text().strip() == token
    assert call(capsys, "token", "path")[1].strip() == str(tmp_path / "token")
    address = call(capsys, "token", "address", "--set", "control.port=8800")[1].strip()
    assert address == f"http://127.0.0.1:8800/#token={token}"
    code, out, _ = call(capsys, "token", "rotate")
    assert code == 0
    assert token != call(capsys, "token", "show")[1].strip()
    assert call(capsys, "token", "show")[1].strip() not in out


def test_a_settings_file_is_made_found_and_changed(capsys, tmp_path):
    assert call(capsys, "config", "path")[1].strip() == str(tmp_path / "settings.toml")
    assert call(capsys, "config", "init")[0] == 0
    assert call(capsys, "config", "init")[0] == 2
    assert call(capsys, "config", "set", "engine.slots", "3")[0] == 0
    assert json.loads(call(capsys, "config", "show", "--json")[1])["engine.slots"]["value"] == 3


def test_flags_become_settings_and_repeated_ones_a_list():
    from streamv2v_cam.cli.options import settings_from

    loaded = settings_from(
        {
            "sinks": ["camera", "out.mp4"],
            "loras": ["a.safetensors:0.5"],
            "mirror": False,
            "motion": "hold",
            "bank": "off",
            "on_demand": True,
            "engine_size": "64x128",
        }
    )
    assert loaded.publish.sinks == ["camera", "out.mp4"]
    assert loaded.engine.loras == ["a.safetensors:0.5"]
    assert loaded.controls().mirror is False
    assert loaded.controls().motion == "hold"
    assert loaded.stream_config().bank.kind == "off"
    assert loaded.engine_size() == (64, 128)
    assert loaded.on_demand.on and not settings_from({}).on_demand.on


def test_cameras_are_listed_as_json(capsys):
    code, out, _ = call(capsys, "cameras", "--json")
    assert code == 0
    assert isinstance(json.loads(out), list)


def test_a_reader_that_leaves_early_gets_no_complaint():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    program = [sys.executable, "-u", "-m", "streamv2v_cam", "config", "show"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        complaint = running.stderr.read()
    assert b"Traceback" not in complaint
    assert b"Exception ignored" not in complaint


def test_the_home_of_nobody_is_one_line_wherever_a_path_is_named(capsys):
    for arguments in (
        ["translate", "in.mp4", "out.mp4", "--model", "~nobodyhere/x"],
        ["looks", "--config", "~nobodyhere/x"],
    ):
        code, _, err = call(capsys, *arguments)
        assert code == 2 and err.startswith("error: ") and err.count("\n") == 1, err
