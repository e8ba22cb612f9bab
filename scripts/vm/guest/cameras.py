"""The machine's cameras: a webcam, a capture card and three virtual cameras, and the means to break them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

WEBCAM, CARD, OBS, PHONE, OURS = "vivid-000-vid-cap", "vivid-001-vid-cap", "OBS Virtual Camera", "Phone", "StreamV2V"
"""Labels; numbers change."""
NODES = Path("/sys/class/video4linux")
VIVID = Path("/sys/bus/platform/drivers/vivid")


def load() -> str:
    """Load both drivers; returns the version of v4l2loopback.

    The webcam has a second node for metadata, the card an HDMI input; the virtual cameras are OBS's, ours and one that
    stands for a phone's app.
    """
    # a node's kind: 0x1 pictures, 0x20000 metadata; an input's: 0 a webcam's, 3 HDMI
    load_module(
        "vivid", "n_devs=2", "node_types=0x20001,0x1", "num_inputs=1,1", "input_types=0x0,0x3", "vid_cap_nr=0,1"
    )
    names = ",".join((OBS, OURS, PHONE))
    load_module("v4l2loopback", "devices=3", "video_nr=10,11,20", f"card_label={names}", "exclusive_caps=1,1,1")
    return Path("/sys/module/v4l2loopback/version").read_text().strip()


def load_module(name: str, *options: str) -> None:
    subprocess.run(["modprobe", name, *options], check=True)


def labels() -> dict[str, str]:
    """Node -> label."""
    return {entry.name: (entry / "name").read_text().strip() for entry in NODES.iterdir()}


def node(label: str) -> str:
    """Where the camera of this label is now, "" where it is not."""
    numbers = sorted(int(name.removeprefix("video")) for name, told in labels().items() if told == label)
    return f"/dev/video{numbers[0]}" if numbers else ""


def control(label: str, name: str, value: int) -> None:
    """Set one of vivid's own controls."""
    subprocess.run(["v4l2-ctl", "-d", node(label), "-c", f"{name}={value}"], check=True, capture_output=True)


def unplug() -> None:
    """Take both cameras of vivid out."""
    (VIVID / "unbind").write_text("vivid.0")


def plug_in() -> None:
    """And in again; their nodes get new files."""
    (VIVID / "bind").write_text("vivid.0")
    for _ in range(50):
        if node(WEBCAM) and Path(node(WEBCAM)).exists():
            return
        time.sleep(0.05)


class OldNode:
    """Holds the webcam's node open, so that it cannot get its number back."""

    def __enter__(self) -> OldNode:
        self._file = os.open(node(WEBCAM), os.O_RDWR | os.O_NONBLOCK)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def take_away(label: str) -> int:
    """Delete a node's file, as udev does when a device goes; returns what makes it anew."""
    device = node(label)
    number = os.stat(device).st_rdev
    os.unlink(device)
    return number


def give_back(label: str, number: int) -> None:
    """Make the node's file anew."""
    with contextlib.suppress(FileExistsError):
        os.mknod(node(label), 0o660 | 0o020000, number)


def announces(label: str) -> str:
    """ "camera", "output" or both: what programs that list cameras are told."""
    asked = subprocess.run(["v4l2-ctl", "-d", node(label), "-D"], capture_output=True, text=True, check=False)
    caps = asked.stdout.split("Device Caps")[-1]
    found = [word for word, sign in (("camera", "Video Capture"), ("output", "Video Output")) if sign in caps]
    return " and ".join(found)
