"""The real program with its engine elsewhere: `serve` and `pair` and `run --engine`, each as a person starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin.run.test_app import frames_of

PROGRAM = [sys.executable, "-m", "streamv2v_cam"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    settings = {
        "STREAMV2V_CONFIG": str(tmp_path / "settings.toml"),
        "STREAMV2V_ENGINE__COMPILE_CACHE": str(tmp_path / "engine"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
    }
    return {**os.environ, **settings}


@pytest.fixture
def told(environment: dict[str, str], tiny_model: Path) -> Iterator[tuple[str, str]]:
    """Address and code, as the server tells them."""
    command = [*PROGRAM, "serve", "--host", "127.0.0.1", "--port", "0", "--model", str(tiny_model)]
    flags = ["engine.acceleration=none", "engine.threads=1", "engine.lcm=off"]
    command += [part for flag in flags for part in ("--set", flag)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stderr is not None
        said = ""
        try:
            while not (found := re.search(r"pair \S+:(\d+) (\S+)", said)):
                line = server.stderr.readline()
                assert line, said
                said += line
            yield f"127.0.0.1:{found[1]}", found[2]
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)
        assert server.returncode == 0


@pytest.mark.slow
def test_a_paired_machine_runs_with_the_engine_of_another(
    told: tuple[str, str], environment: dict[str, str], tmp_path: Path
) -> None:
    address, code = told
    size = ["--size", "320x180", "--engine-size", "64x64"]
    run = [*PROGRAM, "run", "--engine", address, "--source", "presenter", "--no-open", "--port", "0", *size]
    run += ["--sink", str(tmp_path / "out.mp4"), "--for", "1", "--json", "--set", "capture.fps=10"]

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)

    stranger = call(*run)
    assert stranger.returncode == 2
    assert f"not paired with {address}" in stranger.stderr and "Traceback" not in stranger.stderr
    met = call(*PROGRAM, "pair", address, code)
    assert met.returncode == 0 and f"Paired with {address}" in met.stdout
    done = call(*run)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert len(frames_of(tmp_path / "out.mp4")) == 30 and summary["styled"] > 0
    assert summary["engine"]["server"] == address
    assert not {"restarting", "failed"} & set(summary["states"])
