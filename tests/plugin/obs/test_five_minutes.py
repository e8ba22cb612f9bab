"""docs/obs.md, "OBS in five minutes", followed as it is written, on a real OBS with a real (tiny) model."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from obs.headless import HeadlessObs, free_port, missing
from patience import until
from plugin.obs.conftest import TESTS
from streamv2v_cam.obs.session import ObsAddress, ObsSession

PAGE = TESTS.parent / "docs" / "obs.md"


def commands_of_the_page() -> list[list[str]]:
    """The commands of the five minutes, in their order, without the program's name."""
    section = PAGE.read_text("utf-8").partition("## OBS in five minutes")[2].partition("\n## ")[0]
    lines = [line.strip() for block in re.findall(r"```sh\n(.*?)```", section, re.S) for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.strip()]
    assert all(command[0] == "streamv2v-cam" for command in commands)
    return [command[1:] for command in commands]


@pytest.fixture
def environment(tmp_path: Path, tiny_model: Path) -> dict[str, str]:
    """A person's machine, with settings in the environment where the test needs other ones than the defaults."""
    settings = {
        "STREAMV2V_CONFIG": str(tmp_path / "settings.toml"),
        "STREAMV2V_OBS__PORT": str(free_port()),
        "STREAMV2V_CONTROL__PORT": str(free_port()),
        "STREAMV2V_CONTROL__OPEN_BROWSER": "never",
        "STREAMV2V_CAPTURE__SOURCE": "presenter",
        "STREAMV2V_CAPTURE__FPS": "10",  # or the tiny engine works all the while, and the machine with it
        "STREAMV2V_PUBLISH__SINKS": "null",
        "STREAMV2V_PUBLISH__WIDTH": "320",
        "STREAMV2V_PUBLISH__HEIGHT": "180",
        "STREAMV2V_ENGINE__MODEL": str(tiny_model),
        "STREAMV2V_ENGINE__WIDTH": "64",
        "STREAMV2V_ENGINE__HEIGHT": "64",
        "STREAMV2V_ENGINE__LCM": "off",
        "STREAMV2V_ENGINE__ACCELERATION": "none",
        "STREAMV2V_ENGINE__THREADS": "1",
        "STREAMV2V_ENGINE__SPARE": "off",
        "STREAMV2V_ENGINE__DEVICE": "cpu",
        "STREAMV2V_ENGINE__COMPILE_CACHE": str(tmp_path / "engine"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    return {**os.environ, **settings}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a headless OBS")
def test_the_five_minutes_work_as_they_are_written(tmp_path: Path, environment: dict[str, str]):
    if (reason := missing()) is not None:
        pytest.skip(f"no OBS to test against: {reason}")
    password, run, setup, setup_stream = commands_of_the_page_in_roles()

    def call(arguments: list[str], text: str = "") -> str:
        program = [sys.executable, "-m", "streamv2v_cam", *arguments]
        answer = subprocess.run(
            program, env=environment, input=text, capture_output=True, text=True, timeout=120, check=False
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    script = Path(call(["obs", "script"]).strip())
    port = int(environment["STREAMV2V_OBS__PORT"])
    with HeadlessObs(tmp_path / "obs", scripts=[script], width=320, height=180, port=port) as obs:
        assert "OBS accepts it" in call(password, obs.password + "\n")
        running = subprocess.Popen(
            [sys.executable, "-m", "streamv2v_cam", *run], env=environment, stderr=subprocess.PIPE, text=True
        )
        try:
            assert until(
                lambda: state(environment, tmp_path).get("air", {}).get("state") == "live", within_s=90, every_s=0.5
            )
            assert until(lambda: state(environment, tmp_path)["obs"].get("connected"), within_s=40, every_s=0.5)
            assert "StreamV2V commands: added, hidden" in call(setup)
            assert "StreamV2V picture: added" in call(setup_stream)
            first = state(environment, tmp_path)["look"]
            session = ObsSession(ObsAddress("127.0.0.1", obs.port, obs.password))
            # as soon as the process has found the new input
            assert until(lambda: pressed(session) and state(environment, tmp_path)["look"] != first, every_s=0.2)
            session.close()
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
        finally:
            running.kill()
        assert running.returncode == 0, err
        assert obs.password not in err


def commands_of_the_page_in_roles() -> tuple[list[str], list[str], list[str], list[str]]:
    """Password, run, setup, and setup with the page's picture, which the text names in passing."""
    password, run, setup = commands_of_the_page()
    in_passing = re.search(r"`streamv2v-cam (obs setup --picture stream)`", PAGE.read_text("utf-8"))
    assert in_passing is not None
    return password, run, setup, in_passing[1].split()


def pressed(session: ObsSession) -> bool:
    session.request("TriggerHotkeyByName", hotkeyName="streamv2v.next_look")
    return True


def state(environment: dict[str, str], folder: Path) -> dict:
    """What the program says over its API; nothing while it does not answer."""
    token = folder / "token"
    if not token.exists():
        return {}
    address = f"http://127.0.0.1:{environment['STREAMV2V_CONTROL__PORT']}/api/state"
    try:
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"}
        return httpx.get(address, headers=headers, trust_env=False, verify=False, timeout=10).json()
    except httpx.TransportError:
        return {}
