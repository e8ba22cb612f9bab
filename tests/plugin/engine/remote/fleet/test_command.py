"""`serve --ray` as a person or a service manager starts and ends it, on a real Ray of its own."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from patience import until
from plugin.engine.remote.conftest import HIGH, WIDE
from tiny import save_tiny_model

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray Serve is not installed: python3 installer test -- -m fleet installs it",
    ),
]
PORT = 8798


@pytest.mark.parametrize("order", ["SIGTERM", "SIGINT"])
def test_an_order_to_stop_ends_the_fleet_in_one_word_and_leaves_nobody(tmp_path: Path, home: Path, order: str) -> None:
    said = tmp_path / "said"
    command = [sys.executable, "-m", "streamv2v_cam", "serve", "--ray", "--port", str(PORT), "--no-announce"]
    command += [
        "--model",
        str(save_tiny_model(tmp_path / "model")),
        "--set",
        f"engine.width={WIDE}",
        "--set",
        f"engine.height={HIGH}",
    ]
    with (
        said.open("w") as words,
        subprocess.Popen(
            [*command, "--sessions", "1", "--device", "cpu"],
            stderr=words,
            stdout=words,
            env=os.environ | {"NO_COLOR": "1"},
        ) as program,
    ):
        try:
            assert until(lambda: program.poll() is not None or "streamv2v-cam pair" in said.read_text(), within_s=180)
            children = psutil.Process(program.pid).children(recursive=True)
            assert any("ServeReplica" in " ".join(child.cmdline()) for child in children)
            program.send_signal(getattr(signal, order))
            assert program.wait(60) == 0, said.read_text()
        finally:
            program.kill()
    assert said.read_text().splitlines()[-1] == "stopping"
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
