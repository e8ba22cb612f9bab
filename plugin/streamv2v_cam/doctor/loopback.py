"""Linux: the kernel module v4l2loopback and the node that is our camera."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..system.loopback import find_loopback, is_fed, loopbacks_of, strangeness
from ..system.v4l2 import VideoNode
from .cameras import join_command, joined_since_login
from .case import Case, quoted
from .finding import Finding, error, fine, note, warning

MODULE = "/sys/module/v4l2loopback"
REOPENS = (0, 13)
"""Before it a node could be opened once per loading of the module."""
KERNELS = (((6, 18), (0, 15, 3)), ((6, 17), (0, 15, 2)), ((6, 16), (0, 15, 1)))
"""From which kernel on which version of the module is needed."""
SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
LOAD = "sudo modprobe v4l2loopback devices=2 exclusive_caps=1,1 card_label='OBS Virtual Camera,StreamV2V'"
AGAIN = f"sudo modprobe -r v4l2loopback && {LOAD}"
WITHOUT = "The look is on the program's page and in files, and no other program can choose it as a camera."


def check(case: Case) -> Iterator[Finding]:
    """Module, version, options, node, rights."""
    machine = case.machine
    if machine.system != "Linux":
        return
    nodes = loopbacks_of(machine.video_nodes())
    if case.settings is not None and not any(
        sink.startswith(("auto", "camera")) for sink in case.settings.publish.sinks
    ):
        yield fine("loopback.unwanted", "The settings want no virtual camera.")
        return
    if not machine.exists(MODULE) and not nodes:
        yield _not_loaded(case)
        return
    yield from _version(case)
    yield from _nodes(case, nodes)
    yield from _at_boot(case)


def _not_loaded(case: Case) -> Finding:
    machine = case.machine
    kernel = (machine.text("/proc/sys/kernel/osrelease") or "").strip()
    if "microsoft" in kernel.lower():
        return warning(
            "loopback.wsl",
            "This Linux runs inside Windows (WSL), whose kernel has no cameras.",
            WITHOUT,
            "Install the program in Windows itself.",
            "winget install OBSProject.OBSStudio",
        )
    if machine.exists("/run/ostree-booted"):
        return warning(
            "loopback.image",
            "This Linux is an image whose kernel takes no module from a package.",
            WITHOUT,
            "See whether your image brings v4l2loopback; if not, show OBS the program's picture as a stream.",
            "streamv2v-cam obs setup --picture stream",
        )
    installed = machine.ask("modinfo", "-F", "version", "v4l2loopback")
    if installed is not None and installed.code == 0:
        if _secure_boot(case) and not _signed(case):
            return error(
                "loopback.secure-boot",
                "v4l2loopback is installed, and Secure Boot lets no module in that is not signed.",
                WITHOUT,
                "Enrol the key that the module was signed with (the machine asks for it at its next start), "
                "or switch Secure Boot off in the firmware.",
                "sudo mokutil --import /var/lib/dkms/mok.pub",
            )
        return error(
            "loopback.not-loaded",
            f"v4l2loopback {installed.out} is installed and not loaded.",
            WITHOUT,
            "Load it.",
            LOAD,
        )
    if machine.exists("/usr/src") and any(name.startswith("v4l2loopback") for name in machine.names("/usr/src")):
        headers = machine.exists(f"/lib/modules/{kernel}/build")
        return error(
            "loopback.not-built",
            f"v4l2loopback is installed, and not built for the kernel that runs ({kernel}).",
            WITHOUT,
            "Build it; this says what went wrong." if headers else "Install the kernel's headers, which build it.",
            "sudo dkms autoinstall && dkms status"
            if headers
            else f"sudo apt install linux-headers-{kernel} && sudo dkms autoinstall",
        )
    return error(
        "loopback.missing",
        "The kernel module v4l2loopback is not installed.",
        WITHOUT,
        "Install it, load it, and have it loaded at every start.",
        case.installer("install") if case.has_installer else f"sudo apt install v4l2loopback-dkms && {LOAD}",
    )


def _secure_boot(case: Case) -> bool:
    # four bytes of attributes, then one of the value
    try:
        return case.machine.path(SECURE_BOOT).read_bytes()[-1:] == b"\1"
    except OSError:
        return False


def _signed(case: Case) -> bool:
    answer = case.machine.ask("modinfo", "-F", "signer", "v4l2loopback")
    keys = case.machine.ask("mokutil", "--list-enrolled")
    if answer is None or not answer.out or keys is None:
        return False
    return answer.out in keys.out


def _version(case: Case) -> Iterator[Finding]:
    text = case.machine.text(f"{MODULE}/version") or ""
    version = numbers(text)
    kernel = numbers(case.machine.text("/proc/sys/kernel/osrelease") or "")
    if not version:
        return
    wanted = next((least for since, least in KERNELS if kernel[:2] >= since), ())
    if version < REOPENS:
        yield warning(
            "loopback.old",
            f"v4l2loopback {text} lets the virtual camera be opened once each time it is loaded.",
            'The second start of the program gets "is not a video output device".',
            "Take 0.13 or newer (Debian 12 has it in its backports); until then load the module again before a start.",
            f"sudo apt install -t bookworm-backports v4l2loopback-dkms\n{AGAIN}",
        )
    elif wanted and version < wanted:
        yield warning(
            "loopback.kernel",
            f"v4l2loopback {text} is older than kernel {'.'.join(map(str, kernel[:2]))} needs "
            f"({'.'.join(map(str, wanted))}).",
            "The virtual camera may stand still or not open.",
            "Update it.",
            f"sudo apt update && sudo apt install --only-upgrade v4l2loopback-dkms && {AGAIN}",
        )
    else:
        yield fine("loopback.version", f"v4l2loopback {text} is loaded.")


def _nodes(case: Case, nodes: list[VideoNode]) -> Iterator[Finding]:
    yield from _named(case, nodes)
    node = find_loopback(nodes, free=not (case.program or case.own))
    if node is None:
        yield warning(
            "loopback.only-obs",
            "The only virtual camera is OBS's own." if nodes else "v4l2loopback is loaded without a node.",
            WITHOUT,
            "Load the module with two nodes, one for each.",
            AGAIN,
        )
        return
    name = f"{node.label} ({node.path})"
    if strangeness(node):
        yield note(
            "loopback.label",
            f"The virtual camera is called {node.label} ({node.path}), not StreamV2V.",
            "It is used all the same; it may be meant for another program.",
            "Load the module with our label.",
            AGAIN,
        )
    if not _exclusive(case, node, nodes):
        yield warning(
            "loopback.caps",
            f"{name} is loaded without exclusive_caps.",
            "Browsers and Zoom do not list it as a camera.",
            "Load the module with exclusive_caps=1 for each node.",
            AGAIN,
        )
    yield from _rights(case, node, name)
    if len(nodes) == 1 and case.machine.has("obs"):
        yield note(
            "loopback.one",
            "There is one virtual camera for this program and OBS together.",
            "OBS's own virtual camera cannot run at the same time.",
            "Load the module with two nodes.",
            AGAIN,
        )


def _rights(case: Case, node: VideoNode, name: str) -> Iterator[Finding]:
    if not case.machine.may(node.path):
        later = joined_since_login(case)
        yield error(
            "loopback.closed",
            f"{name} may not be written by you"
            + ("; you are in the group video since you logged in." if later else "."),
            WITHOUT,
            "Log out and in again. Or begin a shell that knows it already."
            if later
            else "Join the group that may, then log out and in again.",
            "newgrp video" if later else join_command(case),
        )
        return
    # what reads a node holds it as well; without one of our own on air, whoever has it may be what writes
    holders = case.holders(node.path)
    if holders and is_fed(node) and not case.program:
        number, program = holders[0]
        yield warning(
            "loopback.taken",
            f"{name} is written by another program; {program} (process {number}) has it open.",
            "Ours cannot write to it as well.",
            f"End that one. This shows who has it: fuser -v {node.path}",
            f"fuser -v {quoted(node.path)}",
        )
    else:
        yield fine("loopback.node", f"The virtual camera is {name}.")


def _named(case: Case, nodes: list[VideoNode]) -> Iterator[Finding]:
    """The virtual cameras that the settings name."""
    for sink in case.settings.publish.sinks if case.settings is not None else ():
        device = sink.partition("camera:")[2]
        if device.startswith("/dev/") and all(node.path != device for node in nodes):
            yield error(
                "loopback.gone",
                f"The settings write to {device}, which is no virtual camera.",
                WITHOUT,
                "Name another, or let the program choose.",
                case.with_config("streamv2v-cam config set publish.sinks auto"),
            )


def _exclusive(case: Case, node: VideoNode, nodes: list[VideoNode]) -> bool:
    """Whether the option holds for a node: it is a list, one letter for each node in their order."""
    letters = (case.machine.text(f"{MODULE}/parameters/exclusive_caps") or "").split(",")
    place = sorted(other.number for other in nodes).index(node.number)
    return place >= len(letters) or letters[place].strip() in ("Y", "1", "")


def _at_boot(case: Case) -> Iterator[Finding]:
    folders = ("/etc/modules-load.d", "/usr/lib/modules-load.d", "/usr/local/lib/modules-load.d")
    files = [f"{folder}/{name}" for folder in folders for name in case.machine.names(folder)] + ["/etc/modules"]
    pattern = re.compile(r"^\s*v4l2loopback\b", re.MULTILINE)
    if not any(pattern.search(case.machine.text(name) or "") for name in files):
        yield note(
            "loopback.boot",
            "v4l2loopback is loaded now, and not at the start of the machine.",
            "After the next start there is no virtual camera.",
            "Have it loaded at every start.",
            case.installer("install")
            if case.has_installer
            else "echo v4l2loopback | sudo tee /etc/modules-load.d/v4l2loopback.conf",
        )


def numbers(text: str) -> tuple[int, ...]:
    """A version as numbers; empty for none."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
