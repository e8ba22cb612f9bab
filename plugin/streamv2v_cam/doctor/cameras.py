"""The cameras: which there are, whether they may be opened, who has them, and whether a picture comes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..system.loopback import is_loopback
from ..system.readers import LISTENERS
from ..system.v4l2 import VideoNode
from .case import Case, quoted
from .finding import Finding, error, fine, note, warning
from .probes import probe_command

DARK = 6.0
"""Mean brightness, 0 to 255, below which a picture is taken to be a covered lens."""
TRY_LIMIT_S = 25.0
VIDEO_CLASS = "0e"
CONSENT = r"HKCU\Software\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\webcam"
NO_SPEC = ("auto", "presenter", "camera")


def check(case: Case) -> Iterator[Finding]:
    """All there is to say of cameras."""
    if case.machine.system == "Linux":
        yield from _nodes(case)
    else:
        yield from _listed(case)
    yield from _chosen(case)


def _nodes(case: Case) -> Iterator[Finding]:
    nodes = [node for node in case.machine.video_nodes() if not is_loopback(node)]
    cameras = first_nodes(nodes)
    if not cameras:
        yield from _none(case)
        return
    for node in cameras:
        yield from _one(case, node)
    silent = len([node for node in nodes if not node.captures])
    if silent:
        yield fine("camera.metadata", f"{silent} more nodes of cameras carry no picture and are left out.")


def first_nodes(nodes: Sequence[VideoNode]) -> list[VideoNode]:
    """One node of each camera: the further ones are its metadata or infrared picture."""
    found: dict[tuple[str, str], VideoNode] = {}
    for node in nodes:
        if node.captures:
            found.setdefault((node.bus or node.device or node.path, node.label), node)
    return list(found.values())


def _none(case: Case) -> Iterator[Finding]:
    if _plugged_in(case):
        yield warning(
            "camera.no-driver",
            "A USB camera is plugged in, and the kernel made no video node for it.",
            "No program sees it.",
            "Load the driver; if it says nothing about the camera afterwards, the plug or the camera is broken.",
            "sudo modprobe uvcvideo && sudo dmesg | tail -n 20",
        )
        return
    yield warning(
        "camera.none",
        "There is no camera.",
        "The drawn presenter stands in for you.",
        "Plug one in; a laptop's own may be switched off by a key or in the firmware. This shows what USB sees.",
        "lsusb",
    )


def _plugged_in(case: Case) -> bool:
    folder = "/sys/bus/usb/devices"
    names = case.machine.names(folder)
    return any(case.machine.text(f"{folder}/{name}/bInterfaceClass") == VIDEO_CLASS for name in names)


def _one(case: Case, node: VideoNode) -> Iterator[Finding]:
    name = f"{node.label} ({node.path})"
    if not case.machine.may(node.path):
        yield _closed(case, name)
        return
    holders = [holder for holder in case.machine.holders(node.path) if not holder[1].startswith(LISTENERS)]
    others = [holder for holder in holders if not case.is_own(holder)]
    if others and not case.program:
        number, program = others[0]
        yield warning(
            "camera.busy",
            f"{name} is in use by {program} (process {number}).",
            "It gives its picture to one program at a time: this one would get none.",
            f"End {program}, or choose another camera. This shows who has it.",
            f"fuser -v {quoted(node.path)}",
        )
    elif holders:
        yield fine("camera.on-air", f"{name} is in use.")
    elif case.deep:
        yield from _tried(case, name, node.path)
    else:
        yield fine("camera.fine", f"{name} is there.")


def _closed(case: Case, name: str) -> Finding:
    if joined_since_login(case):
        return error(
            "camera.group-later",
            f"{name} may not be opened; you are in the group video since you logged in.",
            "The program gets no picture of it.",
            "Log out and in again. Or begin a shell that knows it already.",
            "newgrp video",
        )
    return error(
        "camera.closed",
        f"{name} may not be opened by you.",
        "The program gets no picture of it.",
        "Join the group that may, then log out and in again.",
        join_command(case),
    )


def joined_since_login(case: Case) -> bool:
    """Whether this person is in the group video, and was not yet when the session began."""
    lines = (case.machine.text("/etc/group") or "").splitlines()
    members = next((line for line in lines if line.startswith("video:")), "").rpartition(":")[2].split(",")
    return case.machine.environment.get("USER") in members and "video" not in case.machine.groups()


def join_command(case: Case) -> str:
    """What puts this person into the group video."""
    return f"sudo usermod -aG video {case.machine.environment.get('USER') or '$(id -un)'}"


def _tried(case: Case, name: str, device: str) -> Iterator[Finding]:
    told = ask_probe(case, "camera", device)
    if told is None or not told.get("pictures"):
        why = told.get("reason") if told else ""
        yield error(
            "camera.silent",
            f"{name} opens and gives no picture{f' ({why})' if why else ''}.",
            "The program shows a card instead of you.",
            "Unplug it and plug it in again, into another port and without a hub; then see what it says itself.",
            f"v4l2-ctl --device {quoted(device)} --all",
        )
        return
    words = f"{name}: {told['width']}x{told['height']}, {told['fps']:.0f} pictures a second"
    if told["brightness"] < DARK:
        yield note(
            "camera.dark",
            f"{words}, all of them dark.",
            "Viewers see a look of nothing.",
            "Open the lens cover, or put a light on. This shows the picture.",
            f"ffplay {quoted(device)}",
        )
    elif told["fps"] < 20:
        yield note(
            "camera.slow",
            f"{words}.",
            "Movement looks less smooth than it could. In poor light a camera takes longer for each picture.",
            "More light, or forbid the camera to take longer for each picture.",
            f"v4l2-ctl --device {quoted(device)} --set-ctrl exposure_dynamic_framerate=0",
        )
    else:
        yield fine("camera.fine", words + ".")


def _listed(case: Case) -> Iterator[Finding]:
    """Windows and macOS; untried on real ones."""
    windows = case.machine.system == "Windows"
    if windows:
        yield from _consent(case)
    told = ask_probe(case, "cameras")
    names = [camera["name"] for camera in (told or {}).get("cameras", [])]
    if names:
        yield fine("camera.fine", f"Cameras: {', '.join(names)}.")
        return
    show = "Get-PnpDevice -Class Camera,Image" if windows else "system_profiler SPCameraDataType"
    yield warning(
        "camera.none",
        "There is no camera.",
        "The drawn presenter stands in for you.",
        "Plug one in, and see whether the system lists it.",
        show,
    )
    if not windows:
        yield note(
            "camera.consent",
            "macOS asks once whether the terminal may use the camera, and remembers a no.",
            "After a no, no camera is seen.",
            "Allow it under Privacy & Security > Camera, or have macOS ask again.",
            "tccutil reset Camera",
        )


def _consent(case: Case) -> Iterator[Finding]:
    for place, what in ((CONSENT, "apps"), (CONSENT + r"\NonPackaged", "desktop apps")):
        answer = case.machine.ask("reg", "query", place, "/v", "Value")
        if answer is not None and answer.code == 0 and "Deny" in answer.out:
            yield error(
                "camera.consent",
                f"Windows does not let {what} use the camera.",
                "The program gets no picture of any camera.",
                "Switch on both lines under Privacy & security > Camera.",
                "start ms-settings:privacy-webcam",
            )
            return


def _chosen(case: Case) -> Iterator[Finding]:
    """What the settings name."""
    if case.settings is None:
        return
    from ..capture.cameras import is_own_output

    spec = case.settings.capture.source
    wanted = spec.removeprefix("camera:")
    show = case.with_config("streamv2v-cam config set capture.source auto")
    nodes = {node.path: node.label for node in case.machine.video_nodes()}
    if is_own_output(nodes.get(wanted, wanted)):
        yield error(
            "camera.feedback",
            "The settings take a virtual camera as the source.",
            "The program would see its own picture: it turns into noise.",
            "Choose the real camera.",
            show,
        )
    elif case.machine.system == "Linux" and wanted.startswith("/dev/video") and wanted not in nodes:
        yield warning(
            "camera.gone",
            f"The settings name {wanted}, which is not there.",
            "The program waits for it, and shows a card meanwhile.",
            "Plug it in; or take the first camera there is. A camera's name holds where its number does not.",
            f"streamv2v-cam cameras\n{show}",
        )


def ask_probe(case: Case, *what: str) -> dict[str, Any] | None:
    """What a probe found; None where it ended or hung."""
    answer = case.machine.ask(*probe_command(case.machine.python, *what), limit_s=TRY_LIMIT_S)
    try:
        told = json.loads(answer.out.splitlines()[-1]) if answer is not None and answer.code == 0 else None
    except (ValueError, IndexError):
        return None
    return told if isinstance(told, dict) else None
