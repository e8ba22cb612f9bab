"""`serve run` of Ray with the configuration that is delivered, and the program's own command beside it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from patience import until
from plugin.engine.remote.conftest import HIGH, WIDE, Host
from streamv2v_cam.engine.protocol import Failure
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.certificate import server_context
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.meeting import pair
from tiny import save_tiny_model

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray Serve is not installed: python3 installer test -- -m fleet installs it",
    ),
]
DELIVERED = Path(__file__).resolve().parents[5] / "deploy" / "serve.yaml"
ADDRESS = ServerAddress("127.0.0.1", 8794)
LIMIT_S = 3.0


@contextlib.contextmanager
def started(command: list[str], said: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that writes what it says, and is interrupted at the end."""
    environment = os.environ | {"NO_COLOR": "1", "RAY_USAGE_STATS_ENABLED": "0"} | more
    with said.open("wb") as words, subprocess.Popen(command, stdout=words, stderr=words, env=environment) as program:
        try:
            yield program
        finally:
            below = psutil.Process(program.pid).children(recursive=True) if program.poll() is None else []
            program.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(60)
            program.kill()
            for child in psutil.wait_procs(below, timeout=20)[1]:
                child.kill()


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The delivered one with paths, port and tiny model of this test, and a limit that no line should meet."""
    folder = tmp_path / "fleet"
    server_context(folder / "serve", "measured")
    model = save_tiny_model(tmp_path / "model")
    (folder / "settings.toml").write_text(
        f'[engine]\nmodel = "{model}"\nwidth = {WIDE}\nheight = {HIGH}\ndevice = "cpu"\n'
    )
    given: dict[str, Any] = yaml.safe_load(DELIVERED.read_text("utf-8").replace("/fleet/", f"{folder}/"))
    given["http_options"] |= {"host": ADDRESS.host, "port": ADDRESS.port, "request_timeout_s": LIMIT_S}
    given["applications"][0]["args"] |= {"config": str(folder / "settings.toml"), "gpu_share": 0, "threads": 1}
    path = tmp_path / "serve.yaml"
    path.write_text(yaml.safe_dump(given))
    return path


def test_the_delivered_configuration_runs_and_a_host_is_let_in_by_the_program_s_own_command(
    configuration: Path, tmp_path: Path, home: Path, host_of: Callable[..., Host]
) -> None:
    run, door = tmp_path / "run", tmp_path / "door"
    command = [str(Path(sys.executable).with_name("serve")), "run", str(configuration)]
    settings = str(tmp_path / "fleet" / "settings.toml")
    with started(command, run, RAY_ADDRESS="local") as fleet:
        assert until(lambda: fleet.poll() is not None or "Submitted" in run.read_text(), within_s=180), run.read_text()
        beside = [sys.executable, "-m", "streamv2v_cam", "serve", "--ray", "--pair", "--port", str(ADDRESS.port)]
        beside += ["--no-announce", "--config", settings]
        with started(beside, door, RAY_ADDRESS="auto"):
            assert until(lambda: "code: " in door.read_text(), within_s=120), (door.read_text(), run.read_text())
            code = re.search(r"code: ([A-Z0-9-]+)", door.read_text())
            assert code
            assert until(lambda: paired(code[1]), within_s=120, every_s=1), run.read_text()
        assert door.read_text().splitlines()[-1] == "stopping", "in one word, and the fleet goes on"
        host = host_of(ADDRESS)
        assert host.play(lambda: host.styled, within_s=120), (host.heard, run.read_text())
        longer_s = time.monotonic() + 2 * LIMIT_S
        assert host.play(lambda: time.monotonic() > longer_s) and not host.said(Failure), host.heard
        host.link.close()


def paired(code: str) -> bool:
    """Whether the fleet is there and takes the code."""
    with contextlib.suppress(Exception):
        return bool(pair(ADDRESS, code, known_servers(), name="this one"))
    return False
