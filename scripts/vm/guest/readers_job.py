"""The proof on demand, inside the machine: readers of our virtual camera are seen, and without one the webcam rests.

First v4l2loopback is asked who reads a camera that is fed as the program feeds it: other programs read it by mmap and
by plain reads, only hold it open, and are killed. Then the program as installed runs with `--on-demand`, and a viewer
comes and goes. The last line on stdout is the verdict as JSON; the exit status is 0 when it holds.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import cameras
import numpy as np
from cameras import OURS, WEBCAM
from claims import claim, verdict
from program import Program
from streamv2v_cam.publish.sinks.virtualcam import VirtualCameraSink
from streamv2v_cam.system.readers import holders, told_by_module
from viewer import Viewer

WIDTH, HEIGHT, FPS = 320, 240, 15
LOOKED_S, LOOK_S = 6.0, 0.1
REST_AFTER_S, LIMIT_S = 2.0, 40.0


def main() -> None:
    """The module first, then the program."""
    version = cameras.load()
    told = module()
    rests = program()
    sys.exit(verdict(v4l2loopback=version, told=told, program=rests))


def readers(device: str) -> dict[str, tuple[list[str], bool]]:
    """Who comes, and whether the module is to tell of it."""
    opencv = f"import cv2; c = cv2.VideoCapture('{device}'); [c.read() for _ in range(40)]"
    holding = f"import os, time; os.open('{device}', os.O_RDWR); time.sleep(3)"
    v4l2_ctl = ["v4l2-ctl", "-d", device, "--stream-mmap"]
    return {
        "v4l2-ctl, by mmap": ([*v4l2_ctl, "--stream-count=60"], True),
        "v4l2-ctl, killed": ([*v4l2_ctl, "--stream-count=100000"], True),
        "dd, by plain reads": (["dd", f"if={device}", "of=/dev/null", "bs=115200", "count=60"], True),
        "OpenCV": ([sys.executable, "-c", opencv], True),
        "a program that only holds the node open": ([sys.executable, "-c", holding], False),
    }


def module() -> dict[str, Any]:
    """What v4l2loopback tells before, while and after somebody reads, and what a look costs."""
    device = cameras.node(OURS)
    sink, ending = VirtualCameraSink(width=WIDTH, height=HEIGHT, fps=FPS, device=device), threading.Event()
    feeder = threading.Thread(target=feed, args=(sink, ending))
    feeder.start()
    time.sleep(1.0)
    found: dict[str, Any] = {}
    try:
        claim("without a reader the module tells of none", told_by_module(device) is False)
        for name, (command, wanted) in readers(device).items():
            found[name] = told = told_while(device, command)
            claim(f"{name}: {'told' if wanted else 'not told'}", told["told"] is wanted, told)
            claim(f"{name}: none afterwards", told["afterwards"] is False, told)
        found["look_ms"] = cost_ms(lambda: told_by_module(device))
        found["processes_ms"] = cost_ms(lambda: holders(device))
    finally:
        ending.set()
        feeder.join()
        sink.close()
    return found


def program() -> dict[str, Any]:
    """Seconds until the webcam is let go of and until a viewer has the look, of the program as installed."""
    run = Program(9, "--on-demand", "--set", f"on_demand.after_s={REST_AFTER_S}", "--set", "capture.fps=15")
    rested_s = seconds_until(lambda: run.air().get("state") == "resting", limit_s=180.0)
    claim("the program rests after its first pictures, since nobody watches", rested_s is not None, run.air())
    claim(
        "the webcam is let go of", seconds_until(lambda: not is_open(WEBCAM)) is not None, holders(cameras.node(WEBCAM))
    )
    began_s = time.monotonic()
    viewer = Viewer(cameras.node(OURS))
    live_s = viewer.live(began_s, LIMIT_S)
    claim("a viewer gets the look", live_s is not None, run.air())
    claim("and is named", any(OURS in name for name in run.air().get("on_demand", {}).get("watched_by", [])), run.air())
    claim("the webcam is open for it", is_open(WEBCAM))
    viewer.stop()
    again_s = seconds_until(lambda: not is_open(WEBCAM))
    claim("the webcam is let go of once it has gone", again_s is not None, run.air())
    ended = run.end()
    claim("the program ends in order", ended["exit"] == 0, ended)
    return {"live_s": live_s and round(live_s - began_s, 1), "let_go_s": again_s, "states": ended.get("states")}


def is_open(label: str) -> bool:
    """Whether a process has a camera open: its light would be on."""
    return bool(holders(cameras.node(label)))


def feed(sink: VirtualCameraSink, ending: threading.Event) -> None:
    """A picture on every beat."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    while not ending.wait(1 / FPS):
        sink.send(picture)


def told_while(device: str, command: list[str]) -> dict[str, Any]:
    """Whether the module tells of a reader while a program runs, how soon, and what it tells afterwards."""
    reader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began_s, first_s = time.monotonic(), None
    while reader.poll() is None and time.monotonic() < began_s + LOOKED_S:
        if first_s is None and told_by_module(device):
            first_s = round(time.monotonic() - began_s, 1)
        time.sleep(LOOK_S)
    if reader.poll() is None:
        reader.kill()
    reader.wait()
    time.sleep(LOOK_S)
    return {"told": first_s is not None, "first_s": first_s, "afterwards": told_by_module(device)}


def seconds_until(true: Callable[[], object], *, limit_s: float = LIMIT_S) -> float | None:
    """How long it took; None where it did not happen in time."""
    began_s = time.monotonic()
    while not true():
        if time.monotonic() > began_s + limit_s:
            return None
        time.sleep(LOOK_S)
    return round(time.monotonic() - began_s, 1)


def cost_ms(look: Callable[[], object], times: int = 10) -> float:
    """Mean time of a look, ms."""
    began_s = time.monotonic()
    for _ in range(times):
        look()
    return round((time.monotonic() - began_s) * 1000 / times, 2)


if __name__ == "__main__":
    main()
