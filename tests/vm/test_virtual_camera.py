"""The virtual camera against real V4L2 drivers, in the virtual machine of docs/virtual-camera.md."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.vm
@pytest.mark.timeout(600)
def test_foreign_programs_read_our_camera_at_30_fps_at_the_first_and_at_the_second_start(
    request: pytest.FixtureRequest,
) -> None:
    if "vm" not in str(request.config.getoption("-m")):
        pytest.skip("takes minutes of two idle cores; asked for with -m vm")
    if shutil.which("qemu-system-x86_64") is None or not (ROOT / ".vm" / "root.img").exists():
        pytest.skip("the virtual machine is not built: scripts/vm/prove-virtual-camera.sh builds it")
    answer = subprocess.run(
        [str(ROOT / "scripts" / "vm" / "prove-virtual-camera.sh")], capture_output=True, text=True, check=False
    )
    verdict = json.loads(answer.stdout.splitlines()[-1])
    assert answer.returncode == 0
    assert [start["opencv"]["marked"] == start["opencv"]["pictures"] > 0 for start in verdict["starts"]] == [True, True]
