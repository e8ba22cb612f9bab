"""The program as installed, against real V4L2 drivers, in the virtual machine of docs/virtual-camera.md."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VM = ROOT / "scripts" / "vm"


def proven(request: pytest.FixtureRequest, script: str) -> dict[str, Any]:
    """The verdict of a proof; skipped unless it was asked for and the machine can run."""
    if "vm" not in str(request.config.getoption("-m")):
        pytest.skip("takes minutes of two idle cores; asked for with -m vm")
    if shutil.which("qemu-system-x86_64") is None or not (ROOT / ".vm" / "root.img").exists():
        pytest.skip("the virtual machine is not built: scripts/vm/prove-virtual-camera.sh builds it")
    answer = subprocess.run([str(VM / script)], capture_output=True, text=True, check=False)
    print(answer.stderr[-6000:])
    return dict(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.vm
@pytest.mark.timeout(900)
def test_foreign_programs_read_the_styled_picture_and_every_fault_of_a_camera_ends_with_it(
    request: pytest.FixtureRequest,
) -> None:
    verdict = proven(request, "prove-virtual-camera.sh")
    assert verdict["failed"] == [] and verdict["claims"] > 50
    assert [start["opencv"]["marked"] == start["opencv"]["pictures"] > 0 for start in verdict["starts"][:2]] == [
        True,
        True,
    ]


@pytest.mark.vm
@pytest.mark.timeout(600)
def test_the_doctor_and_the_installers_steps_hold_on_real_nodes(request: pytest.FixtureRequest) -> None:
    verdict = proven(request, "prove-doctor.sh")
    assert verdict["failed"] == [] and verdict["claims"] >= 11
