"""The doctor and the installer's machine steps, inside the machine: real modules, real nodes, real faults of a camera.

Each line says what was claimed; the last is the verdict as JSON.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cameras import labels, load_module
from claims import claim, say, verdict
from streamv2v_cam.doctor.examination import case_of, examine
from streamv2v_cam.doctor.finding import Finding
from streamv2v_cam.doctor.machine import Machine

from installer.console import Console
from installer.machine import work
from installer.machine.host import Host
from installer.machine.steps import Wishes

VIVID = Path("/sys/bus/platform/drivers/vivid")
TREE = Path(__file__).resolve().parents[1]
CAMERA_ROOMS = ("Camera", "Virtual camera")


def findings(*, deep: bool) -> dict[str, Finding]:
    """What the doctor says of cameras, by key."""
    report = examine(case_of(Machine(), deep=deep))
    return {finding.key: finding for finding in report.findings if finding.part in CAMERA_ROOMS}


@contextlib.contextmanager
def other_program(source: str) -> Iterator[None]:
    """A process of its own that runs `source` and says when it holds its device."""
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()


READER = """
import cv2, time
camera = cv2.VideoCapture("/dev/video0", cv2.CAP_V4L2); camera.read(); print("there", flush=True)
while True: camera.read()
"""
WRITER = """
import numpy, pyvirtualcam
with pyvirtualcam.Camera(640, 360, 10, device="/dev/video11") as camera:
    picture = numpy.zeros((360, 640, 3), numpy.uint8); camera.send(picture); print("there", flush=True)
    while True: camera.send(picture); camera.sleep_until_next_frame()
"""


def faults() -> None:
    """What happens to cameras, and what the doctor says of it."""
    with other_program(READER):
        seen = findings(deep=True)
        busy = seen.get("camera.busy")
        held = busy is not None and "in use by python" in busy.finding
        claim("a webcam that another program reads is busy, with its name", held, seen)
    with other_program(WRITER):
        seen = findings(deep=False)
        claim("a virtual camera that another program writes is taken", "loopback.taken" in seen, seen)
    (VIVID / "unbind").write_text("vivid.0")
    seen = findings(deep=True)
    claim("without a webcam there is none", "camera.none" in seen, seen)
    (VIVID / "bind").write_text("vivid.0")
    time.sleep(0.5)
    seen = findings(deep=True)
    claim("and when it is back, it is fine again", bool({"camera.fine", "camera.slow"} & set(seen)), seen)


def main() -> None:
    """Install, look, break, look again, remove."""
    host = Host(home="/root", environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "USER": "root"})
    icon = TREE / "plugin/streamv2v_cam/control/page/icon.svg"
    wishes = Wishes("/opt/streamv2v-cam", str(icon), "/opt/streamv2v.lua", "http://127.0.0.1:8765/#token=k")
    load_module("vivid", "n_devs=1", "node_types=0x1", "num_inputs=1", "input_types=0", "vid_cap_nr=0")
    load_module("v4l2loopback", "video_nr=20", "card_label=Dummy")
    seen = findings(deep=False)
    claim(
        "one node of another name without exclusive_caps is told",
        {"loopback.label", "loopback.caps"} <= set(seen),
        seen,
    )

    work.install(host, wishes, Console(sys.stderr), yes=True)
    wanted = {"video10": "OBS Virtual Camera", "video11": "StreamV2V Camera"}
    claim("the options file gives two nodes with their labels", wanted.items() <= labels().items(), labels())
    caps = Path("/sys/module/v4l2loopback/parameters/exclusive_caps").read_text()
    claim("both have exclusive_caps", caps.startswith("Y,Y"), caps)

    seen = findings(deep=True)
    claim("the doctor finds our node by its label", "video11" in seen["loopback.node"].finding, seen)
    claim(
        "and nothing wrong with it",
        not any(found.severity > 1 for key, found in seen.items() if "loopback" in key),
        seen,
    )
    # an emulated processor may be too slow for the webcam's own rate, which the doctor then says
    pictures = seen.get("camera.fine") or seen.get("camera.slow")
    claim("the webcam gives its pictures", pictures is not None and "pictures a second" in pictures.finding, seen)
    say(pictures.finding if pictures is not None else "no picture")

    faults()

    work.remove(host, Console(sys.stderr))
    left = [
        path for path in ("/etc/modprobe.d/streamv2v.conf", "/etc/modules-load.d/streamv2v.conf") if Path(path).exists()
    ]
    claim("remove unloads the module and leaves no file", not left and not wanted.items() & labels().items(), left)
    sys.exit(verdict())


if __name__ == "__main__":
    main()
