"""Linux: the kernel module with its two nodes, rights, start at login, menu entry."""

from __future__ import annotations

import re
from typing import Iterator

from . import desktop, obs
from .actions import Afterwards, File, Run
from .apt import Packages, installed_packages
from .host import Host
from .steps import MachineStep, Wishes, left_out, step

MODULE = "/sys/module/v4l2loopback"
LABELS = ("OBS Virtual Camera", "StreamV2V Camera")
"""OBS takes the first node that still announces output, so that the lower number is its."""
FIRST_NUMBER = 10
REOPENS = (0, 13)
OPTIONS_FILE = "/etc/modprobe.d/streamv2v.conf"
LOAD_FILE = "/etc/modules-load.d/streamv2v.conf"
RULE_FILE = "/etc/udev/rules.d/70-streamv2v.rules"
BACKPORTS_FILE = "/etc/apt/sources.list.d/streamv2v-backports.list"
RULE = """\
# The virtual camera of streamv2v-cam: for the group video, and for whoever sits at the machine.
SUBSYSTEM=="video4linux", ATTR{name}=="StreamV2V*", GROUP="video", MODE="0660", TAG+="uaccess"
"""


def steps(host: Host, wishes: Wishes) -> Iterator[MachineStep]:
    """All of them, in order; each is looked at when it is reached."""
    yield packages(host)
    yield options(host)
    yield at_boot(host)
    yield rule(host)
    yield group(host)
    yield loaded(host)
    yield from desktop.steps(host, wishes)
    yield from obs.steps(host, wishes)


def packages(host: Host) -> MachineStep:
    """v4l2loopback, new enough, with what builds it for this kernel."""
    title = "the kernel module v4l2loopback"
    there = installed_packages(host)
    if "v4l2loopback-dkms" in there and _version(host) >= REOPENS:
        return step("packages", title, (), done=True)
    if host.exists(MODULE) and "v4l2loopback-dkms" not in there:
        return step("packages", title, (), done=True)
    if not host.has("apt-get"):
        return left_out(
            "packages",
            title,
            "this installer knows Debian's and Ubuntu's packages alone. Fedora has it in RPM Fusion (sudo dnf install "
            "akmod-v4l2loopback), Arch in extra (sudo pacman -S v4l2loopback-dkms); then repeat the command.",
        )
    kernel = _kernel(host)
    names = ["v4l2loopback-dkms", "v4l-utils"]
    names += [f"linux-headers-{kind}" for kind in (kernel, _flavour(kernel)) if f"linux-image-{kind}" in there]
    if _codename(host) == "bookworm":
        return step("packages", title, [*_backports(host), Packages(names, "bookworm-backports")])
    return step("packages", title, [Run(["apt-get", "update", "-q"], root=True), Packages(names)])


def options(host: Host) -> MachineStep:
    """Two nodes with their labels."""
    title = "two virtual cameras: one for this program, one for OBS"
    for name in host.names("/etc/modprobe.d"):
        place = f"/etc/modprobe.d/{name}"
        if place != OPTIONS_FILE and re.search(r"^\s*options\s+v4l2loopback\b", host.look(place) or "", re.MULTILINE):
            return left_out("options", title, f"{place} says already how v4l2loopback is loaded; that stays.")
    first = _free_numbers(host)
    text = (
        "# Written by the installer of streamv2v-cam.\n"
        f"options v4l2loopback devices=2 video_nr={first},{first + 1} exclusive_caps=1,1 "
        f'card_label="{",".join(LABELS)}" max_buffers=2\n'
    )
    done = host.read(OPTIONS_FILE) == text
    return step("options", title, [File(OPTIONS_FILE, text, root=True)], done=done)


def at_boot(host: Host) -> MachineStep:
    """Loaded at every start of the machine."""
    title = "load it at every start of the machine"
    files = [f"/etc/modules-load.d/{name}" for name in host.names("/etc/modules-load.d")] + ["/etc/modules"]
    done = any(re.search(r"^\s*v4l2loopback\b", host.look(name) or "", re.MULTILINE) for name in files)
    return step("at-boot", title, [File(LOAD_FILE, "v4l2loopback\n", root=True)], done=done)


def rule(host: Host) -> MachineStep:
    """Whoever sits at the machine may write to our node."""
    reload = ["udevadm", "control", "--reload"]
    actions = [
        Afterwards(reload, root=True),
        File(RULE_FILE, RULE, root=True),
        Run(reload, root=True, may_fail=True),
    ]
    if not host.has("udevadm"):
        return left_out("rule", "rights to the virtual camera", "there is no udev here.")
    return step("rule", "rights to the virtual camera", actions, done=host.read(RULE_FILE) == RULE)


def group(host: Host) -> MachineStep:
    """The person is in the group that may open cameras."""
    user = host.user
    if not user:
        return left_out("group", "you in the group video", "nobody says your name; set USER to it, then repeat.")
    member = "video" in (host.ask("id", "-nG", user) or "").split()
    exists = re.search(r"^video:", host.look("/etc/group") or "", re.MULTILINE) is not None
    actions = [Run(["usermod", "-aG", "video", user], undo=["gpasswd", "-d", user, "video"], root=True)]
    return step("group", f"{user} in the group video", actions, done=member or user == "root" or not exists)


def loaded(host: Host) -> MachineStep:
    """Loaded now, with our node."""
    title = "load it now"
    nodes = "/sys/class/video4linux"
    labels = [host.read(f"{nodes}/{name}/name") or "" for name in host.names(nodes)]
    if host.exists(MODULE) and any("streamv2v" in label.lower() for label in labels):
        return step("load", title, (), done=True)
    if not host.exists(f"/lib/modules/{_kernel(host)}"):
        return left_out(
            "load", title, "this kernel takes no modules from here (a container?); a real machine loads it."
        )
    load = Run(["modprobe", "v4l2loopback"], undo=["modprobe", "-r", "v4l2loopback"], root=True, may_fail=True)
    again = Run(["modprobe", "-r", "v4l2loopback"], root=True, may_fail=True)
    return step("load", title, [again, load] if host.exists(MODULE) else [load])


def _backports(host: Host) -> list[object]:
    """Debian 12 has 0.12 itself, which opens once per loading, and 0.13 in its backports."""
    folder = "/etc/apt/sources.list.d"
    sources = ["/etc/apt/sources.list", *(f"{folder}/{name}" for name in host.names(folder))]
    texts = "\n".join(host.look(name) or "" for name in sources if name != BACKPORTS_FILE)
    update = ["apt-get", "update", "-q"]
    if "bookworm-backports" in texts:
        return [Run(update, root=True)]
    found = re.search(r"(?:^deb(?:\s+\[[^\]]*\])?\s+|^URIs:\s*)(https?://\S+)", texts, re.MULTILINE)
    mirror = found[1] if found else "http://deb.debian.org/debian"
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
    text = f"deb {signed}{mirror} bookworm-backports main\n"
    return [Afterwards(update, root=True), File(BACKPORTS_FILE, text, root=True), Run(update, root=True)]


def _version(host: Host) -> tuple[int, ...]:
    told = host.ask("dpkg-query", "-W", "-f", "${Version}", "v4l2loopback-dkms") or ""
    found = re.match(r"\d+(?:\.\d+)*", told)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _kernel(host: Host) -> str:
    return (host.read("/proc/sys/kernel/osrelease") or host.ask("uname", "-r") or "").strip()


def _flavour(kernel: str) -> str:
    """ "amd64" of 6.1.0-40-amd64, "generic" of Ubuntu's: what the package is called that follows the newest kernel."""
    return kernel.rpartition("-")[2]


def _codename(host: Host) -> str:
    found = re.search(r"^VERSION_CODENAME=\"?(\w+)", host.look("/etc/os-release") or "", re.MULTILINE)
    return found[1] if found else ""


def _free_numbers(host: Host) -> int:
    """The first of two numbers that no camera has; those of our own nodes are free for us."""
    folder = "/sys/class/video4linux"
    taken = {
        int(name[5:])
        for name in host.names(folder)
        if name[5:].isdigit() and (host.read(f"{folder}/{name}/name") or "").strip() not in LABELS
    }
    return next(number for number in range(FIRST_NUMBER, 250) if not {number, number + 1} & taken)
