"""A machine made of recorded facts: files below a folder, answers of commands, nodes, versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from streamv2v_cam.doctor import Finding, examine
from streamv2v_cam.doctor.case import Case
from streamv2v_cam.doctor.examination import case_of
from streamv2v_cam.doctor.machine import Answer, Machine
from streamv2v_cam.settings import LoadedSettings, load_settings
from streamv2v_cam.system.v4l2 import LOOPBACK_DRIVER, VideoNode

GB = 1000**3
TORCH_STARTS = {"-c": '{"version": "2.13.0+cpu", "cuda": "", "gpu": false}'}
WEBCAM = VideoNode("/dev/video0", 0, "HD Webcam", "uvcvideo", "usb-1", captures=True, outputs=False)
CAMERA_BENEATH = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3"
METADATA = replace(WEBCAM, path="/dev/video1", number=1, captures=False)
OURS = VideoNode("/dev/video10", 10, "StreamV2V", "v4l2 loopback", "platform:v4l2loopback-010", False, True)
OBS_NODE = replace(OURS, path="/dev/video9", number=9, label="OBS Virtual Camera")


@dataclass
class RecordedMachine(Machine):
    """Facts as they were recorded, or are made up.

    Attributes:
        told: first words of a command -> its answer, as text or with its exit code.
        versions: of packages; what is not in it is there all the same, in version 1.
        absent: packages that are not there.
        nodes: of cameras.
        held: device -> who has it.
        closed: paths that may not be opened.
        listening: ports.
        memory: of the machine, and what is free.
        free: of every disk.
        clock_s: now.
        programs: on the search path.
        member_of: groups of the process.
    """

    told: Mapping[str, str | tuple[int, str]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=lambda: {"torch": "2.13.0+cpu"})
    absent: Sequence[str] = ()
    nodes: Sequence[VideoNode] = ()
    held: Mapping[str, list[tuple[int, str]]] = field(default_factory=dict)
    closed: Sequence[str] = ()
    listening: Sequence[int] = ()
    memory: tuple[int, int] | None = (16 * GB, 12 * GB)
    free: int = 100 * GB
    clock_s: float = 4e9
    programs: Sequence[str] = ("g++",)
    member_of: Sequence[str] = ("video",)

    def run(self, command: Sequence[str], limit_s: float) -> Answer | None:
        words = " ".join(command)
        for start, answer in self.told.items():
            if words.startswith(start) or (command[0] == self.python and start in command[1:]):
                return Answer(0, answer) if isinstance(answer, str) else Answer(*answer)
        return None

    def has(self, program: str) -> bool:
        return program in self.programs

    def may(self, place: str, *, write: bool = True) -> bool:
        return place not in self.closed

    def version_of(self, distribution: str) -> str | None:
        return None if distribution in self.absent else self.versions.get(distribution, "1")

    def needed_packages(self) -> Sequence[str]:
        return ("torch", "numpy", "av")

    def in_environment(self) -> bool:
        return True

    def memory_bytes(self) -> tuple[int, int] | None:
        return self.memory

    def free_bytes(self, folder: Path) -> int | None:
        return self.free

    def writable(self, folder: Path) -> bool:
        return str(folder) not in self.closed

    def answers(self, host: str, port: int) -> bool:
        return port in self.listening

    def video_nodes(self) -> list[VideoNode]:
        # what may not be opened cannot be asked for driver, place and direction; /sys tells everyone the rest
        return [as_closed(node) if node.path in self.closed else node for node in self.nodes]

    def groups(self) -> set[str]:
        return set(self.member_of)

    def now_s(self) -> float:
        return self.clock_s

    def holders(self, device: str) -> list[tuple[int, str]]:
        return self.held[device] if device in self.held else super().holders(device)


def as_closed(node: VideoNode) -> VideoNode:
    """What is known of a node that this person may not open."""
    virtual = node.driver == LOOPBACK_DRIVER
    beneath = "" if virtual else CAMERA_BENEATH
    return replace(node, driver="", bus="", captures=True, outputs=False, closed=True, virtual=virtual, device=beneath)


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Lay files below a root."""
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def linux(root: Path, files: Mapping[str, str | bytes] | None = None, **facts) -> RecordedMachine:
    """A Linux in good order: a webcam, our loopback node, everything loaded at every start."""
    good = {
        "/proc/sys/kernel/osrelease": "6.12.1-amd64\n",
        "/etc/os-release": "ID=debian\n",
        "/etc/modules-load.d/v4l2loopback.conf": "v4l2loopback\n",
        "/sys/module/v4l2loopback/version": "0.15.0\n",
        "/sys/module/v4l2loopback/parameters/exclusive_caps": "Y,Y\n",
    }
    script = root / "streamv2v.lua"
    obs = "/home/mia/.config/obs-studio"
    good |= {
        f"{obs}/plugin_config/obs-websocket/config.json": '{"server_enabled": true, "auth_required": true}',
        f"{obs}/basic/scenes/Untitled.json": json.dumps({"modules": {"scripts-tool": [{"path": str(script)}]}}),
        "/streamv2v.lua": "",
    }
    write(root, good | dict(files or {}))
    home = root / "home/mia"
    usual = {
        "told": {
            "virtualcam": '{"version": "0.15.0", "backends": ["v4l2loopback"]}',
            "obs --version": "OBS Studio - 31.0.3 (linux)",
            **TORCH_STARTS,
        },
        "nodes": [WEBCAM, METADATA, OBS_NODE, OURS],
        "environment": {"USER": "mia"},
    }
    if "told" in facts:
        facts["told"] = {**usual["told"], **facts["told"]}
    return RecordedMachine("Linux", root, home, **{**usual, **facts})


@cache
def delivered() -> LoadedSettings:
    """The settings as they were delivered, read once for all tests."""
    return load_settings(config_path=None)


def found(machine: Machine, *, deep: bool = False, settings: Mapping[str, object] | None = None) -> dict[str, Finding]:
    """Key -> finding of one examination, with settings given as flags."""
    if settings is None:
        case = case_of(machine, deep=deep)
    else:
        case = Case(machine, load_settings(settings) if settings else delivered(), deep=deep)
    return {finding.key: finding for finding in examine(case).findings}


def troubles(machine: Machine, **how) -> dict[str, Finding]:
    """The same without what is in order."""
    return {key: finding for key, finding in found(machine, **how).items() if finding.severity}
