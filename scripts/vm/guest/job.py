"""The proof, inside the machine: the program as it was installed, read by foreign programs, and its cameras broken.

Three starts. In the first, OpenCV and v4l2-ctl count pictures and look for the engine's sign in each; then, while a
viewer looks on, comes every fault of camera_faults.py and every format of camera_formats.py. In the second, which some
versions of v4l2loopback refuse, they count again. In the third the webcam gives 60 pictures a second.

The last line on stdout is the verdict as JSON; the exit status is 0 when it holds.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import camera_faults
import camera_formats
import cameras
import cv2
import marker
import numpy as np
from busiest import Busiest
from cameras import CARD, OBS, OURS, PHONE, WEBCAM
from claims import claim, say, verdict
from program import SIZE, Program
from streamv2v_cam.capture.cameras import list_cameras
from streamv2v_cam.capture.opening import open_source
from streamv2v_cam.errors import CamError
from streamv2v_cam.publish.sinks import open_sink
from viewer import Viewer

HERE = Path(__file__).resolve().parent
LEAST_FPS, MOST_FPS = 28.5, 31.5
FIRST_S, SECOND_S = 10, 10
"""How long OpenCV reads."""
SETTLE_S = 20
"""From the first look on air until somebody counts: the pictures of the looks are drawn meanwhile."""
PICTURES = 90
"""How many v4l2-ctl takes."""
MOST_TRIES = 4


def main() -> None:
    """Three starts, one verdict."""
    version = cameras.load()
    starts = [first_start(), second_start(), third_start()]
    sys.exit(verdict(v4l2loopback=version, size=SIZE, engine="stand-in", starts=starts))


def first_start() -> dict[str, Any]:
    """Pictures a second, faults, formats."""
    claim(
        "before the program runs our node is no camera, so that OBS and browsers hide it",
        announces() == "output",
        announces(),
    )
    program = Program(1)
    live_s = program.wait_until_live()
    claim("the program as installed comes on air with the webcam", live_s is not None, program.air())
    claim("our node is a camera as soon as it runs", announces() == "camera", announces())
    read = foreign_programs(FIRST_S)
    choices(program)
    viewer = Viewer(cameras.node(OURS))
    one_reader_and_one_writer(viewer)
    table = camera_faults.all_tried(viewer, program)
    kinds = camera_formats.all_tried(viewer, program)
    claim("our node stays a camera all the time", announces() == "camera", announces())
    viewer.stop()
    ended = program.end()
    claim("the program ends in order", ended["exit"] == 0, ended)
    return {"live_s": live_s, **read, "faults": table, "formats": kinds, "program": short(ended)}


def second_start() -> dict[str, Any]:
    """Pictures a second once more."""
    program = Program(2)
    live_s = program.wait_until_live()
    claim("a second start comes on air", live_s is not None, program.air())
    read = foreign_programs(SECOND_S)
    rate = captured(program)
    ended = program.end()
    claim("and ends in order", ended["exit"] == 0, ended)
    return {"live_s": live_s, **read, "capture_fps": rate, "program": short(ended)}


def third_start() -> dict[str, Any]:
    """The webcam at 60 pictures a second; an emulated processor has no room for a reader beside them."""
    program = Program(3, "--set", "capture.fps=60")
    live_s = program.wait_until_live()
    claim("a third start comes on air", live_s is not None, program.air())
    source = program.air().get("source", "")
    claim("a webcam that gives 60 pictures a second is read at 60", "at 60" in source, source)
    rate = captured(program)
    claim("and the picture stays live", program.air().get("state") == "live" and rate > 1, program.air())
    ended = program.end()
    return {"live_s": live_s, "capture_fps": rate, "program": short(ended)}


def captured(program: Program) -> float:
    """Pictures that the program takes of its camera, a second."""
    time.sleep(SECOND_S)
    rate = float(program.ask("/api/state").get("telemetry", {}).get("capture_fps", 0))
    say(f"taken of the webcam: {rate:.1f} pictures a second")
    return rate


def announces() -> str:
    return cameras.announces(OURS)


def foreign_programs(seconds: int) -> dict[str, Any]:
    """OpenCV in a process of its own, then v4l2-ctl; again where the rate was missed, and all of it is told.

    What else the emulating machine does only ever lowers the rate.
    """
    time.sleep(SETTLE_S)
    tries: list[dict[str, Any]] = []
    while len(tries) < MOST_TRIES and not (tries and at_rate(tries[-1])):
        busiest = Busiest()
        tries.append({"opencv": read_with_opencv(seconds), "v4l2_ctl": read_with_v4l2_ctl()})
        tries[-1]["processors"] = busiest.told()
        say(f"processor time meanwhile, hundredths: {tries[-1]['processors']}")
    opencv, v4l2 = tries[-1]["opencv"], tries[-1]["v4l2_ctl"]
    claim(f"OpenCV and v4l2-ctl read {LEAST_FPS} to {MOST_FPS} pictures a second", at_rate(tries[-1]), tries)
    claim(
        "each of OpenCV's styled", all(t["opencv"].get("marked") == t["opencv"].get("pictures") for t in tries), tries
    )
    claim("and several different ones a second", opencv.get("new_pictures_per_s", 0) > 1, opencv)
    claim(f"v4l2-ctl takes {PICTURES} pictures, all styled", v4l2["marked"] == v4l2["pictures"] == PICTURES, v4l2)
    return {**tries[-1], "tries": len(tries), "missed": [rates(one) for one in tries[:-1]]}


def rates(one: dict[str, Any]) -> list[float]:
    """Pictures a second that OpenCV and v4l2-ctl read."""
    return [float(one["opencv"].get("fps", 0)), float(one["v4l2_ctl"]["fps"] or 0)]


def at_rate(one: dict[str, Any]) -> bool:
    """Whether both read at the rate that is wanted."""
    return all(LEAST_FPS <= rate <= MOST_FPS for rate in rates(one))


def read_with_opencv(seconds: int) -> dict[str, Any]:
    """What foreign_reader.py found."""
    command = [sys.executable, str(HERE / "foreign_reader.py"), cameras.node(OURS), str(seconds)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 90, check=False)
    lines = answer.stdout.strip().splitlines()
    told = json.loads(lines[-1]) if lines else {"error": answer.stderr[-300:]}
    say(f"OpenCV: {told}")
    return told


def read_with_v4l2_ctl() -> dict[str, Any]:
    """The same camera read by the V4L2 project's own tool, and the sign looked for in what it wrote."""
    target = Path("/tmp/pictures.raw")
    command = ["v4l2-ctl", "-d", cameras.node(OURS), "--stream-mmap", f"--stream-count={PICTURES}"]
    answer = subprocess.run(
        [*command, f"--stream-to={target}", "--verbose"], capture_output=True, text=True, timeout=60, check=False
    )
    rates = [float(rate) for rate in re.findall(r"fps: ([\d.]+)", answer.stdout + answer.stderr)]
    width, height = map(int, SIZE.split("x"))
    raw = np.fromfile(target, np.uint8) if target.exists() else np.zeros(0, np.uint8)
    pictures = raw[: raw.size // (width * height * 3 // 2) * (width * height * 3 // 2)].reshape(
        -1, height * 3 // 2, width
    )
    numbers = [marker.read(np.asarray(cv2.cvtColor(one, cv2.COLOR_YUV2RGB_I420), np.uint8)) for one in pictures]
    told = {
        "pictures": len(numbers),
        "marked": sum(number is not None for number in numbers),
        "fps": rates[-1] if rates else None,
    }
    say(f"v4l2-ctl: {told}")
    return told


def choices(program: Program) -> None:
    """What is on offer as a source and as an output, and what is not."""
    offered = set(program.sources())
    claim("webcam and card are on offer", {WEBCAM, CARD} <= offered, offered)
    claim("no virtual camera of ours, of OBS or without a writer is", not {OURS, OBS, PHONE} & offered, offered)
    nodes = [name for name, label in cameras.labels().items() if "meta" in label]
    listed = [camera.path for camera in list_cameras()]
    claim("the webcam's metadata node is there and is no camera", nodes and f"/dev/{nodes[0]}" not in listed, listed)
    for number, spec in enumerate((cameras.node(OURS), "StreamV2V")):
        words = refusal(lambda spec=spec: open_source(spec, width=320, height=240, fps=30))
        claim(
            f"our own camera is refused as the source ({'by its label' if number else 'by its node'})",
            "own picture" in words,
            words,
        )
    words = refusal(lambda: open_source(PHONE, width=320, height=240, fps=30))
    claim("a virtual camera without a writer is refused with the reason", "no program writes to" in words, words)
    words = refusal(lambda: open_sink(f"camera:{cameras.node(WEBCAM)}", width=320, height=240, fps=30))
    claim("a webcam is refused as the output", "no virtual camera" in words, words)


def one_reader_and_one_writer(viewer: Viewer) -> None:
    """What a second program at the same node gets, and what the first notices of it."""
    viewer.live(time.monotonic(), 20)
    began_s = time.monotonic()
    words = refusal(lambda: open_sink(f"camera:{cameras.node(OURS)}", width=320, height=240, fps=30))
    claim("a second writer of our camera is refused as taken", "taken by another program" in words, words)
    command = ["v4l2-ctl", "-d", cameras.node(OURS), "--stream-mmap", "--stream-count=1"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    claim("a second reader is refused as busy", "busy" in (second.stdout + second.stderr).lower(), second)
    claim("and the first reads on", viewer.rate(began_s) > 10, viewer.rate(began_s))


def refusal(open: Any) -> str:
    """Why it does not open; "" where it does."""
    try:
        open().close()
    except CamError as error:
        return str(error)
    return ""


def short(summary: dict[str, Any]) -> dict[str, Any]:
    """What of the program's own summary belongs into the verdict."""
    names = ("exit", "fps", "capture_fps", "engine_fps", "interval_ms", "late", "repeated", "states", "source", "sinks")
    return {name: summary.get(name) for name in names}


if __name__ == "__main__":
    main()
