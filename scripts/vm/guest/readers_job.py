"""The proof on demand, inside the machine: whether v4l2loopback tells who reads our virtual camera, and whom it counts.

The camera is fed as the program feeds it; other programs read it by mmap and by plain reads, only hold it open, and are
killed. The last line on stdout is the verdict as JSON; the exit status is 0 when it holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from streamv2v_cam.publish.sinks.virtualcam import VirtualCameraSink
from streamv2v_cam.system.readers import holders, told_by_module

DEVICE = "/dev/video10"
WIDTH, HEIGHT, FPS = 320, 240, 15
LOOKED_S = 6.0
LOOK_S = 0.1
PROGRAMS: dict[str, tuple[list[str], bool]] = {
    "v4l2-ctl, by mmap": (["v4l2-ctl", "-d", DEVICE, "--stream-mmap", "--stream-count=60"], True),
    "v4l2-ctl, killed": (["v4l2-ctl", "-d", DEVICE, "--stream-mmap", "--stream-count=100000"], True),
    "dd, by plain reads": (["dd", f"if={DEVICE}", "of=/dev/null", "bs=115200", "count=60"], True),
    "OpenCV": (
        [sys.executable, "-c", f"import cv2; c = cv2.VideoCapture('{DEVICE}'); [c.read() for _ in range(40)]"],
        True,
    ),
    "only held open": (
        [sys.executable, "-c", f"import os, time; os.open('{DEVICE}', os.O_RDWR); time.sleep(3)"],
        False,
    ),
}
"""Who comes, and whether the module is to tell of it."""


def main() -> None:
    """One camera, five programs after another."""
    # loaded already where the machine loads its cameras at its start
    options = ["devices=1", "video_nr=10", "card_label=StreamV2V", "exclusive_caps=1"]
    subprocess.run(["modprobe", "v4l2loopback", *options], check=True)
    sink = VirtualCameraSink(width=WIDTH, height=HEIGHT, fps=FPS, device=DEVICE)
    ending = threading.Event()
    feeder = threading.Thread(target=feed, args=(sink, ending))
    feeder.start()
    time.sleep(1.0)
    try:
        found: dict[str, Any] = {"nobody": {"told": told_by_module(DEVICE)}}
        found |= {name: told_while(command) for name, (command, _) in PROGRAMS.items()}
        costs = {"look_ms": cost_ms(lambda: told_by_module(DEVICE)), "processes_ms": cost_ms(lambda: holders(DEVICE))}
    finally:
        ending.set()
        feeder.join()
        sink.close()
    passed = found["nobody"]["told"] is False and all(
        found[name]["told"] is wanted and found[name]["afterwards"] is False for name, (_, wanted) in PROGRAMS.items()
    )
    version = Path("/sys/module/v4l2loopback/version").read_text().strip()
    print(json.dumps({"passed": passed, "v4l2loopback": version, **found, **costs}))
    sys.exit(0 if passed else 1)


def feed(sink: VirtualCameraSink, ending: threading.Event) -> None:
    """A picture on every beat."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    while not ending.wait(1 / FPS):
        sink.send(picture)


def told_while(command: list[str]) -> dict[str, Any]:
    """Whether the module tells of a reader while a program runs, how soon, and what it tells afterwards."""
    reader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began_s, first_s = time.monotonic(), None
    while reader.poll() is None and time.monotonic() < began_s + LOOKED_S:
        if first_s is None and told_by_module(DEVICE):
            first_s = round(time.monotonic() - began_s, 1)
        time.sleep(LOOK_S)
    if reader.poll() is None:
        reader.kill()
    reader.wait()
    time.sleep(LOOK_S)
    return {"told": first_s is not None, "first_s": first_s, "afterwards": told_by_module(DEVICE)}


def cost_ms(look: Any, times: int = 10) -> float:
    """Mean time of a look, ms."""
    began_s = time.monotonic()
    for _ in range(times):
        look()
    return round((time.monotonic() - began_s) * 1000 / times, 2)


if __name__ == "__main__":
    main()
