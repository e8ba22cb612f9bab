"""Who reads a virtual camera of Linux: what its module tells, or else which processes hold its node open."""

from __future__ import annotations

import contextlib
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

_CLIENT_USAGE = 0x08000000 + 0x08E00000 + 1
"""v4l2loopback's own event, since 0.13: a program begins to take pictures, or ends."""
_SEND_INITIAL = 1
"""Flag of a subscription: the event comes once at once, with how it is now."""
_SUBSCRIBE = 0x4020565A
_DEQUEUE = 0x80885659
_EVENT_BYTES, _COUNT_AT = 136, 8
"""Of `struct v4l2_event` on machines of 64 bits; others answer that there is no such call."""
_ACCESS_MODE = 3
"""The bits of a file's flags that say how it was opened."""
LISTENERS = ("wireplumber", "pipewire", "pipewire-media-", "v4l2-relayd")
"""Programs that keep a camera's node open without taking its picture."""


def is_read(device: str) -> bool:
    """Whether a program takes pictures from a video node.

    Where the module does not tell, a program of this person's that holds the node open for reading counts.

    Args:
        device: "/dev/video10".
    """
    told = told_by_module(device)
    return any(map(_takes_pictures, holders(device))) if told is None else told


def _takes_pictures(holder: Holder) -> bool:
    return holder.reads and holder.number != os.getpid() and not holder.program.startswith(LISTENERS)


def told_by_module(device: str) -> bool | None:
    """What v4l2loopback says of its readers; None where it says nothing (below 0.13), or is no v4l2loopback."""
    try:
        import fcntl

        node = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (ImportError, OSError):
        return None
    try:
        # a fresh subscription each time: an event that was never sent is then missed for one look and not for ever
        fcntl.ioctl(node, _SUBSCRIBE, struct.pack("=8I", _CLIENT_USAGE, 0, _SEND_INITIAL, 0, 0, 0, 0, 0))
        event = bytearray(_EVENT_BYTES)
        fcntl.ioctl(node, _DEQUEUE, event)
    except OSError:
        return None
    finally:
        os.close(node)
    return struct.unpack_from("=I", event, _COUNT_AT)[0] > 0


@dataclass(frozen=True)
class Holder:
    """A process that holds a device open.

    Attributes:
        number: of the process.
        program: its name.
        reads: whether it opened the device for reading (too).
    """

    number: int
    program: str
    reads: bool


def holders(device: str | Path, *, proc: Path = Path("/proc")) -> list[Holder]:
    """The processes of this person that hold a device open; empty where the system does not tell.

    Args:
        device: its path.
        proc: where Linux tells of processes.
    """
    wanted, found = os.path.realpath(device), []
    for folder in proc.iterdir() if proc.is_dir() else ():
        if not folder.name.isdigit():
            continue
        # a process that ends while it is looked at, or is another person's
        with contextlib.suppress(OSError):
            opened = [entry.name for entry in os.scandir(folder / "fd") if os.readlink(entry) == wanted]
            if opened:
                reads = any(_reads(folder / "fdinfo" / name) for name in opened)
                found.append(Holder(int(folder.name), _text(folder / "comm") or "?", reads))
    return sorted(found, key=lambda holder: holder.number)


def _reads(told: Path) -> bool:
    """Whether a file was opened for reading (too), by what the system tells of it; where it tells nothing, it was."""
    flags = re.search(r"^flags:\s*([0-7]+)", _text(told), re.MULTILINE)
    return flags is None or int(flags[1], 8) & _ACCESS_MODE != os.O_WRONLY


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
