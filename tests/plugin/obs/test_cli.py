"""`streamv2v-cam obs` on the command line: one clear line for what cannot be, and nothing secret on it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from obs.headless import free_port
from plugin.obs.conftest import Stage, settings_for
from streamv2v_cam.cli import main
from streamv2v_cam.obs.child import options_for
from streamv2v_cam.obs.password import keep_password
from streamv2v_cam.system.logs import OWN_LOGGERS


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr("streamv2v_cam.system.logs.log_path", lambda: tmp_path / "log" / "cam.log")
    yield
    # later tests must not log into the stderr that was captured here
    for name in OWN_LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = True
        for sink in list(logger.handlers):
            logger.removeHandler(sink)
            sink.close()


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["obs", "--port", "0"], "1 to 65535"),
        (["obs", "--set", "obs.scenes=5,", "setup"], "table of names and looks"),
        (["obs", "--server", "ftp://there", "sync-audio"], "http://127.0.0.1:8765"),
        (["obs", "sync-audio", "--ms", "-4"], "0 to 20000"),
        (["obs", "setup", "--picture", "window"], "camera, stream or none"),
        (["obs", "--set", "obs.password=hunter2"], "there is no such setting"),
        (["obs", "--password", "hunter2"], "No such option"),
    ],
)
def test_nonsense_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str):
    code, _, err = call(capsys, *arguments)
    assert code == 2 and said in err
    assert len(err.strip().splitlines()) == 1


def test_without_obs_setup_says_what_to_start(capsys: pytest.CaptureFixture[str]):
    code, _, err = call(capsys, "obs", "--port", str(free_port()), "setup")
    assert code == 2 and "Start OBS and tick" in err


def test_without_the_program_sync_audio_says_what_to_start(capsys: pytest.CaptureFixture[str]):
    code, _, err = call(capsys, "obs", "--server", f"http://127.0.0.1:{free_port()}", "sync-audio")
    assert code == 2 and "streamv2v-cam run" in err


def test_the_script_for_obs_is_where_it_says(capsys: pytest.CaptureFixture[str]):
    code, out, _ = call(capsys, "obs", "script")
    assert code == 0 and "obs_hotkey_register_frontend" in Path(out.strip()).read_text()


def test_a_child_reads_the_settings_of_its_run(tmp_path: Path):
    loaded = settings_for(tmp_path, 4460, scenes={"Game": "look3"}, events=False)
    options = options_for(loaded, "http://127.0.0.1:9000/")
    assert options[:2] == ["--server", "http://127.0.0.1:9000/"]
    given = dict(pair.split("=", 1) for pair in options[options.index("--set") + 1 :: 2])
    assert given == {"obs.port": "4460", "obs.scenes": '{"Game": "look3"}', "obs.events": "false"}


def test_the_process_that_a_run_starts_ends_when_its_parent_does():
    program = [sys.executable, "-m", "streamv2v_cam", "obs", "--with-parent", "--port", str(free_port())]
    child = subprocess.Popen(program, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None and child.stdin is not None
    assert "No OBS answers" in child.stderr.readline() + child.stderr.readline()
    child.stdin.close()
    assert child.wait(timeout=60) == 0
    child.stderr.close()


def test_set_up_and_password_from_the_command_line_against_a_real_obs(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    port = ["--port", str(stage.obs.port)]
    code, _, err = call(capsys, "obs", *port, "setup")
    assert code == 2 and "streamv2v-cam obs password" in err
    program = [sys.executable, "-m", "streamv2v_cam", "obs", *port, "password"]
    for given, code, word in (("wrong", 2, "refused the password"), (stage.obs.password, 0, "OBS accepts it")):
        answer = subprocess.run(program, input=given + "\n", capture_output=True, text=True, timeout=60, check=False)
        assert (answer.returncode, word in answer.stdout + answer.stderr) == (code, True), answer.stderr
        assert stage.obs.password not in answer.stdout + answer.stderr
    code, out, _ = call(capsys, "obs", *port, "setup", "--picture", "none", "--scene", "Main")
    assert code == 0 and "StreamV2V commands: there already" in out and "Still to be done by you:" in out
    code, out, err = call(capsys, "obs", *port, "--debug", "setup", "--picture", "none")
    log = "".join(path.read_text() for path in (tmp_path / "log").rglob("*.log"))
    assert code == 0 and stage.obs.password not in out + err + log


def test_keeping_a_password_needs_no_argument_that_others_could_see(tmp_path: Path):
    loaded = settings_for(tmp_path, 4455, password_file=str(tmp_path / "secret"))
    keep_password(loaded, "hunter2")
    assert "hunter2" not in " ".join(options_for(loaded, "http://127.0.0.1:9000"))
