"""A machine for the installer: a folder for its root, recorded answers, commands that are written down."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from installer.console import Console
from installer.errors import InstallError
from installer.machine import work
from installer.machine.host import Host
from installer.machine.steps import Wishes

APT_NEW = "Inst dkms (3)\nInst gcc:amd64 (12)\nInst v4l-utils (1)\nInst v4l2loopback-dkms (0.13.2)\n"
BOOKWORM = {
    "/etc/os-release": "ID=debian\nVERSION_CODENAME=bookworm\n",
    "/etc/apt/sources.list": "deb http://deb.debian.org/debian bookworm main\n",
    "/etc/group": "root:x:0:\nvideo:x:44:\n",
    "/proc/sys/kernel/osrelease": "6.1.0-40-amd64\n",
    "/lib/modules/6.1.0-40-amd64/modules.dep": "",
    "/home/mia/.profile": "",
    "/Users/mia/.profile": "",
    "/etc/modprobe.d/other.conf": "options snd_hda_intel power_save=1\n",
}
ICON = Path(__file__).resolve().parents[2] / "plugin/streamv2v_cam/control/page/icon.svg"
WISHES = Wishes(
    "/opt/my cam/.venv/bin/streamv2v-cam", str(ICON), "/opt/streamv2v.lua", "http://127.0.0.1:8765/#token=k"
)


class FakeHost(Host):
    """Files are real, below a folder; commands are recorded, and those of apt change the list of packages.

    Attributes:
        told: first words of a command -> its answer.
        programs: on the search path.
        ran: every command that changed something, in order.
        failing: first words of commands that fail.
        packages: installed.
    """

    def __init__(
        self,
        root: Path,
        files: Mapping[str, str] = BOOKWORM,
        *,
        system: str = "linux",
        home: str = "/home/mia",
        environment: Mapping[str, str] | None = None,
        told: Mapping[str, str] | None = None,
        programs: Sequence[str] = ("apt-get", "udevadm", "systemctl", "sudo"),
        failing: Sequence[str] = (),
    ) -> None:
        super().__init__(system=system, root=root, home=home, environment=environment or {"USER": "mia"})
        self.told, self.programs, self.failing = dict(told or {}), programs, failing
        self.ran: list[str] = []
        self.packages = {"base-files", "linux-image-6.1.0-40-amd64", "linux-image-amd64"}
        for name, text in files.items():
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text(text, encoding="utf-8", newline="")

    def is_root(self) -> bool:
        return True

    def has(self, program: str) -> bool:
        return program in self.programs

    def running(self, program: str) -> bool:
        return f"running {program}" in self.told

    def ask(self, *command: str) -> str | None:
        words = " ".join(command)
        if words.startswith("dpkg-query -W -f ${db"):
            return "\n".join(f"ii  {name}" for name in sorted(self.packages))
        if words.startswith("apt-get install") and "-s" in command:
            return APT_NEW
        if words.startswith(("apt-get purge -s", "apt-get autoremove -s")):
            going = {"v4l2loopback-dkms", "v4l-utils"} if "purge" in command else {"dkms", "gcc", "somebody-else"}
            return "\n".join(f"Remv {name} [1]" for name in going & self.packages)
        return next((answer for start, answer in self.told.items() if words.startswith(start)), None)

    def run(self, command: Sequence[str], *, root: bool = False, given: str | None = None) -> None:
        words = " ".join(command)
        self.ran.append(words)
        if words.startswith(tuple(self.failing)):
            raise InstallError(f"{words} failed")
        if command[:2] == ["apt-get", "install"]:
            self.packages |= {"dkms", "gcc", "v4l-utils", "v4l2loopback-dkms"}
            self.told["dpkg-query -W -f ${Version}"] = "0.13.2-1~bpo12+1"
        elif command[:2] == ["apt-get", "purge"]:
            self.packages -= set(command[2:])
        elif command[:1] == ["usermod"]:
            self.told["id -nG"] = "mia video"
        elif command[:2] == ["modprobe", "v4l2loopback"]:
            for number, label in ((10, "OBS Virtual Camera"), (11, "StreamV2V Camera")):
                place = self.path(f"/sys/class/video4linux/video{number}/name")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(label + "\n")
            self.path("/sys/module/v4l2loopback").mkdir(parents=True, exist_ok=True)


def tree(root: Path) -> dict[str, str]:
    """Every path below a root, with what files hold and where links lead; the kernel's own is no file list."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            place = path.relative_to(root).as_posix()
            if not place.startswith("sys"):
                found[place] = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
    return found


def install(host: FakeHost, wishes: Wishes = WISHES) -> str:
    """Install on it; what was said, and what was left out and why."""
    said = io.StringIO()
    for step in work.install(host, wishes, Console(said)):
        print(f"left out: {step.title}: {step.reason}", file=said)
    return said.getvalue()


def remove(host: FakeHost) -> str:
    """Take everything back; what was said."""
    said = io.StringIO()
    work.remove(host, Console(said))
    return said.getvalue()
