"""Video nodes of Linux, read from /sys and asked by ioctl: what is a camera and what is a loopback."""

from __future__ import annotations

import errno
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

_CAPABILITY_BYTES = 104
_VIDIOC_QUERYCAP = 0x80685600
_CAPTURE, _OUTPUT = 0x1, 0x2
_INPUT_BYTES = 80
_VIDIOC_G_INPUT, _VIDIOC_ENUMINPUT = 0x80045626, 0xC050561A
_NOTHING_COMES = 0x1 | 0x2 | 0x100 | 0x10000
"""Of an input's status: no power, no signal, no lock on its lines, no lock on its carrier."""
_AWAY = (errno.ENODEV, errno.ENXIO)
"""What a node answers whose device was taken away."""
_CLOSED = (errno.EACCES, errno.EPERM)
LOOPBACK_DRIVER = "v4l2 loopback"
JOIN_VIDEO = 'sudo usermod -aG video "$USER"'
"""What puts a person into the group that may open cameras."""
_WITHOUT_A_DEVICE = ("devices", "virtual", "video4linux")
"""Where /sys keeps the nodes that no device is beneath; those of real cameras stand below their device."""


@dataclass(frozen=True)
class VideoNode:
    """One /dev/videoN.

    Attributes:
        path: "/dev/video0".
        number: 0 for /dev/video0.
        label: the name the driver gives it, "HD Webcam: HD Webcam".
        driver: "uvcvideo", "vivid", "v4l2 loopback"; empty when the node could not be asked.
        bus: where it is plugged in, "usb-0000:00:14.0-3".
        captures, outputs: what it announces at this moment.
        vid, pid: of the USB device, None for others.
        serial: of the USB device, empty for others and where the maker gave none.
        closed: this person may not open it, so that driver, bus and what it announces could not be asked.
        virtual: no device is beneath it, as /sys says to everyone.
        device: the folder in /sys of the device beneath it, the same for all nodes of one camera; empty without one.
        state: of a v4l2loopback: "capture" while a program writes to it, "output" while none does; empty for others.
        beside: paths of the other loopbacks that were there when this one was chosen.
    """

    path: str
    number: int
    label: str
    driver: str
    bus: str
    captures: bool
    outputs: bool
    vid: int | None = None
    pid: int | None = None
    serial: str = ""
    closed: bool = False
    virtual: bool = False
    device: str = ""
    state: str = ""
    beside: tuple[str, ...] = field(default=(), compare=False)


def list_nodes(
    *, sys_folder: Path = Path("/sys/class/video4linux"), dev_folder: Path = Path("/dev")
) -> list[VideoNode]:
    """All video nodes in the order of their numbers; empty on a machine without V4L2."""
    found = []
    if not sys_folder.is_dir():
        return []
    for entry in sys_folder.iterdir():
        match = re.fullmatch(r"video(\d+)", entry.name)
        device = dev_folder / entry.name
        if match and device.exists():
            found.append(_describe(entry, device, int(match.group(1))))
    return sorted(found, key=lambda node: node.number)


def _describe(entry: Path, device: Path, number: int) -> VideoNode:
    state = _line(entry / "state") or ""
    driver, bus, capabilities, refusal = _query(device)
    if not driver and state in ("capture", "output"):
        # what could not be asked of the node itself, its module tells everyone in /sys
        capabilities = _CAPTURE if state == "capture" else _OUTPUT
    beneath = usb = (entry / "device").resolve()
    if ":" in usb.name:
        usb = usb.parent
    return VideoNode(
        path=str(device),
        number=number,
        label=_line(entry / "name") or entry.name,
        driver=driver,
        bus=bus,
        captures=bool(capabilities & _CAPTURE),
        outputs=bool(capabilities & _OUTPUT),
        vid=_hexadecimal(usb / "idVendor"),
        pid=_hexadecimal(usb / "idProduct"),
        serial=(_line(usb / "serial") or "") if (usb / "idVendor").exists() else "",
        closed=refusal in _CLOSED,
        virtual=entry.resolve().parent.parts[-3:] == _WITHOUT_A_DEVICE,
        device=str(usb if (usb / "idVendor").exists() else beneath) if beneath.exists() else "",
        state=state,
    )


def refusal_of(device: str) -> str:
    """Why a node cannot be used: "gone", or "closed" to this person; "" where the system tells neither."""
    number = _query(Path(device))[3]
    return "gone" if number in (errno.ENOENT, *_AWAY) else "closed" if number in _CLOSED else ""


def has_signal(device: str) -> bool:
    """Whether something feeds the input that a node shows: a capture card whose cable is out goes on giving pictures.

    A loopback without a program that writes to it has no signal. A node that cannot be asked counts as fed.
    """
    try:
        import fcntl

        number, told = bytearray(4), bytearray(_INPUT_BYTES)
        with open(device, "rb", buffering=0) as node:
            fcntl.ioctl(node, _VIDIOC_G_INPUT, number)
            told[:4] = number
            fcntl.ioctl(node, _VIDIOC_ENUMINPUT, told)
    except (ImportError, OSError):
        return True
    return not status_of_input(told) & _NOTHING_COMES


def status_of_input(told: bytes | bytearray) -> int:
    """The status word of a `v4l2_input`."""
    return int(struct.unpack_from("=I", told, 56)[0])


def _query(device: Path) -> tuple[str, str, int, int]:
    """Driver, bus, capabilities, and the system's number of a refusal, 0 for none.

    One that tells nothing counts as a camera, one whose device was taken away as nothing.
    """
    try:
        import fcntl

        buffer = bytearray(_CAPABILITY_BYTES)
        with device.open("rb", buffering=0) as node:
            fcntl.ioctl(node, _VIDIOC_QUERYCAP, buffer)
    except (ImportError, OSError) as error:
        refusal = getattr(error, "errno", None) or 0
        return "", "", 0 if refusal in _AWAY else _CAPTURE, refusal
    driver, _card, bus, _version, _all, device_capabilities = struct.unpack_from("=16s32s32sIII", buffer)
    return _text(driver), _text(bus), device_capabilities, 0


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def _line(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return None


def _hexadecimal(path: Path) -> int | None:
    text = _line(path)
    try:
        return int(text, 16) if text else None
    except ValueError:
        return None
