"""The proof on demand, inside the machine: who reads the virtual camera is told, and the webcam rests without a reader.

What v4l2loopback itself tells is asked before, while and after three programs read: by mmap (v4l2-ctl, OpenCV) and by
plain reads. The last line on stdout is the verdict as JSON; the exit status is 0 when it holds.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from job import DEVICE, read_with_opencv, wait_for_camera
from streamv2v_cam.system.readers import holders, told_by_module

HERE = Path(__file__).resolve().parent
WEBCAM = "/dev/video0"
REST_AFTER_S = 2.0
READS_S = 3
LIMIT_S = 40.0


def main() -> None:
    """One start, read by three programs, with rests between them."""
    command = [sys.executable, str(HERE / "host.py"), "--rest-after", str(REST_AFTER_S)]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        wait_for_camera(host)
        verdict: dict[str, Any] = {"rested_after_start_s": seconds_until(lambda: not webcam_open())}
        verdict["told_without_reader"] = told_by_module(DEVICE)
        verdict["v4l2_ctl"] = told_while(["v4l2-ctl", "-d", DEVICE, "--stream-mmap", "--stream-count=100"])
        verdict["plain_reads"] = told_while(["dd", f"if={DEVICE}", "of=/dev/null", "bs=345600", "count=100"])
        verdict["told_afterwards"] = told_by_module(DEVICE)
        verdict["rested_again_s"] = seconds_until(lambda: not webcam_open())
        verdict["opencv"] = read_with_opencv(READS_S)
        verdict["rested_at_last_s"] = seconds_until(lambda: not webcam_open())
    finally:
        host.send_signal(signal.SIGTERM)
    said = host.communicate(timeout=60)[0].strip().splitlines()
    verdict["states"] = json.loads(said[-1])["states"] if said else []
    verdict["v4l2loopback"] = Path("/sys/module/v4l2loopback/version").read_text().strip()
    passed = (
        verdict["told_without_reader"] is False
        and verdict["v4l2_ctl"]["told"]
        and verdict["told_afterwards"] is False
        and verdict["opencv"].get("marked", 0) > 0
        and "resting" in verdict["states"]
        and all(verdict[name] is not None for name in verdict if name.startswith("rested"))
    )
    print(json.dumps({"passed": passed, **verdict}))
    sys.exit(0 if passed else 1)


def webcam_open() -> bool:
    """Whether a process has the webcam open: its light would be on."""
    return bool(holders(WEBCAM))


def told_while(command: list[str]) -> dict[str, Any]:
    """What is told while a program reads, and whether the webcam is opened for it."""
    reader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told_s = seconds_until(lambda: told_by_module(DEVICE), within_s=3.0)
    open_s = seconds_until(webcam_open, within_s=3.0)
    try:
        reader.wait(20)
    except subprocess.TimeoutExpired:
        reader.kill()
        reader.wait()
    return {"told": told_s is not None, "webcam_open": open_s is not None, "exit": reader.returncode}


def seconds_until(true: Callable[[], object], *, within_s: float = LIMIT_S) -> float | None:
    """How long it took; None where it did not happen in time."""
    began_s = time.monotonic()
    while not true():
        if time.monotonic() - began_s > within_s:
            return None
        time.sleep(0.1)
    return round(time.monotonic() - began_s, 1)


if __name__ == "__main__":
    main()
