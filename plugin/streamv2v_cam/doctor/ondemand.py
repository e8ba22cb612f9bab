"""The mode on demand: whether it can be seen here who reads the virtual camera."""

from __future__ import annotations

from collections.abc import Iterator

from ..system.loopback import loopbacks_of
from .case import Case
from .finding import Finding, fine, note
from .loopback import AGAIN, MODULE, numbers

TELLS = (0, 13)
"""Since this version v4l2loopback tells whether a node is read."""
SWITCH_OFF = "streamv2v-cam config set on_demand.on false"


def check(case: Case) -> Iterator[Finding]:
    """What the mode can see, where it is on."""
    if case.settings is None or not case.settings.on_demand.on:
        return
    machine = case.machine
    if machine.system != "Linux":
        yield note(
            "ondemand.unseen",
            "Camera and engine are to rest while nobody watches, and who reads the virtual camera cannot be seen here.",
            "As long as there is a virtual camera it counts as watched, and they do not rest.",
            "Publish to the page alone, or switch the mode off.",
            case.with_config(SWITCH_OFF),
        )
        return
    if not loopbacks_of(machine.video_nodes()):
        yield fine("ondemand.page", "Camera and engine rest while nobody looks at the page's picture.")
        return
    version = machine.text(f"{MODULE}/version") or ""
    if numbers(version) >= TELLS:
        yield fine("ondemand.told", "Camera and engine rest while nobody watches; v4l2loopback tells who does.")
        return
    yield note(
        "ondemand.processes",
        f"v4l2loopback {version or 'of unknown version'} does not tell who reads the virtual camera; your programs are "
        "looked through instead.",
        "A program of another user that reads it is not seen, and gets a card instead of your picture.",
        "Take 0.13 or newer (Debian 12 has it in its backports), or switch the mode off.",
        f"sudo apt install -t bookworm-backports v4l2loopback-dkms\n{AGAIN}",
    )
