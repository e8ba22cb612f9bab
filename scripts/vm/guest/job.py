"""The proof, inside the machine: start the host twice, each time let foreign programs read its camera.

At the second start the webcam is also pulled out and put back.

The last line on stdout is the verdict as JSON; the exit status is 0 when it holds.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DEVICE = "/dev/video10"
LEAST_FPS, MOST_FPS = 28.5, 31.5
FIRST_S, SECOND_S, AFTER_UNPLUGGING_S = 20, 10, 5
"""How long OpenCV reads."""
UNPLUGGED_S = 4.0


def main() -> None:
    """Two starts, one verdict."""
    starts = [one_start(FIRST_S, unplug=False), one_start(SECOND_S, unplug=True)]
    version = Path("/sys/module/v4l2loopback/version").read_text().strip()
    passed = all(start["passed"] for start in starts)
    print(json.dumps({"passed": passed, "v4l2loopback": version, "camera": "vivid", "starts": starts}))
    sys.exit(0 if passed else 1)


def one_start(seconds: int, *, unplug: bool) -> dict[str, Any]:
    """The host from start to end, read by OpenCV for `seconds` and then by v4l2-ctl."""
    host = subprocess.Popen([sys.executable, str(HERE / "host.py")], stdout=subprocess.PIPE, text=True)
    try:
        wait_for_camera(host)
        opencv = read_with_opencv(seconds)
        v4l2 = read_with_v4l2_ctl(pictures=90)
        back = read_after_unplugging() if unplug else None
    finally:
        host.send_signal(signal.SIGTERM)
    try:
        said, _ = host.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        host.kill()
        said = host.communicate()[0]
    lines = said.strip().splitlines()
    host_summary: dict[str, Any] = (
        json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {"exit": host.returncode}
    )
    passed = (
        host.returncode == 0
        and LEAST_FPS <= opencv.get("fps", 0) <= MOST_FPS
        and opencv["marked"] == opencv["pictures"]
        and opencv["new_pictures_per_s"] > 1
        and v4l2["pictures"] == 90
    )
    if back is not None:
        passed = passed and back.get("new_pictures_per_s", 0) > 1 and "camera lost" in host_summary["states"]
    return {"passed": passed, "opencv": opencv, "v4l2_ctl": v4l2, "after_unplugging": back, "host": host_summary}


def wait_for_camera(host: subprocess.Popen[str]) -> None:
    """Until the node announces itself as a camera: what a program that lists cameras would wait for."""
    for _ in range(300):
        asked = subprocess.run(["v4l2-ctl", "-d", DEVICE, "-D"], capture_output=True, text=True, check=False)
        if "Video Capture" in asked.stdout.split("Device Caps")[-1] or host.poll() is not None:
            return
        time.sleep(0.2)


def read_after_unplugging() -> dict[str, Any]:
    """Pull the webcam out, put it back, and read again: styled pictures must return by themselves."""
    driver = Path("/sys/bus/platform/drivers/vivid")
    (driver / "unbind").write_text("vivid.0")
    time.sleep(UNPLUGGED_S)
    (driver / "bind").write_text("vivid.0")
    return read_with_opencv(AFTER_UNPLUGGING_S)


def read_with_opencv(seconds: int) -> dict[str, Any]:
    """What foreign_reader.py found."""
    command = [sys.executable, str(HERE / "foreign_reader.py"), DEVICE, str(seconds)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 90, check=False)
    lines = answer.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else {"error": answer.stderr[-300:]}


def read_with_v4l2_ctl(pictures: int) -> dict[str, Any]:
    """The same camera read by the V4L2 project's own tool."""
    target = Path("/tmp/pictures.raw")
    command = ["v4l2-ctl", "-d", DEVICE, "--stream-mmap", f"--stream-count={pictures}", f"--stream-to={target}"]
    answer = subprocess.run([*command, "--verbose"], capture_output=True, text=True, timeout=60, check=False)
    said = answer.stdout + answer.stderr
    rates = [float(rate) for rate in re.findall(r"fps: ([\d.]+)", said)]
    size = re.search(r"Width/Height\s*:\s*(\d+)/(\d+)", said)
    one_bytes = int(size[1]) * int(size[2]) * 3 // 2 if size else 640 * 360 * 3 // 2
    return {
        "pictures": target.stat().st_size // one_bytes if target.exists() else 0,
        "fps": rates[-1] if rates else None,
    }


if __name__ == "__main__":
    main()
