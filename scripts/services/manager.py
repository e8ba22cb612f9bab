"""UserManager: the systemd that a login starts for one person, here with a home folder and control groups of its own.

Where the machine itself is not run by systemd (a container), it is told that it is, in a mount namespace that only this
one sees. Needs Linux, root, systemd, and `unshare` of util-linux.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAM = Path("/lib/systemd/systemd")
BOOTED = "/run/systemd/system"
"""A folder by which programs know that systemd runs the machine."""
START_LIMIT_S, STOP_LIMIT_S = 30.0, 40.0
_ENTER = f"""
for group in "$@"; do echo $$ > "$group/cgroup.procs" || exit 1; done
[ -d {BOOTED} ] || {{ mount -t tmpfs services /run && mkdir -p {BOOTED}; }} || exit 1
exec {PROGRAM} --user --log-target=console --log-level=notice
"""


def missing() -> str:
    """What this machine lacks for it, one line; "" when nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs Linux and root"
    if not (PROGRAM.exists() and shutil.which("systemctl") and shutil.which("unshare")):
        return "needs systemd and unshare: apt-get install --no-install-recommends systemd util-linux"
    if not own_groups():
        return "needs control groups that may be written"
    return ""


def own_groups() -> list[Path]:
    """This process's control groups that systemd keeps its services in: of version 2, and of its own of version 1."""
    paths = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths[controllers] = path
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        name = "" if kind == "cgroup2" else "name=systemd" if "name=systemd" in options.split(",") else None
        if name is not None and name in paths:
            group = Path(before.split()[4] + paths[name])
            found += [group] if os.access(group, os.W_OK) else []
    return found


class UserManager:
    """A context manager around one systemd of a person.

    Args:
        folder: its home lies in it, and what it needs while it runs.
        environment: what it and its services see beside where their folders are.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home, runtime = folder / "home", folder / "runtime"
        self.home.mkdir(parents=True, exist_ok=True)
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.environment = {
            **os.environ,
            **(environment or {}),
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={runtime}/no-bus",
        }
        self._log = folder / "systemd.txt"
        self._groups: list[Path] = []
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> UserManager:
        # one name for all: systemd takes its place in version 2 for that in version 1, and makes it where it is not
        name = f"services-{os.getpid()}-{time.monotonic_ns()}"
        self._groups = [group / name for group in own_groups()]
        for group in self._groups:
            group.mkdir()
        names = [str(group) for group in self._groups]
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh", *names]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for group in self._groups:
            _remove(group)

    @property
    def said(self) -> str:
        """What it wrote of itself and of its services."""
        return self._log.read_text("utf-8", "replace")

    def control(self, *words: str, check: bool = True) -> str:
        """One call of `systemctl --user`; what it printed.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        return subprocess.run(
            ["systemctl", "--user", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=check,
        ).stdout.strip()

    def facts(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit: "MainPID", "ActiveState", "NRestarts", "Result" and the like."""
        told = self.control("show", unit, *(f"--property={name}" for name in names))
        return dict(line.split("=", 1) for line in told.splitlines())

    def processes(self) -> Sequence[int]:
        """Everything that runs under it, and itself."""
        files = [file for group in self._groups[:1] for file in group.rglob("cgroup.procs")]
        return [int(number) for file in files for number in file.read_text().split()]

    def _until_ready(self) -> None:
        assert self._process is not None
        deadline_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline_s:
            # "degraded" where a unit of the system's own did not come up in here
            state = self.control("show", "--property=SystemState", check=False).removeprefix("SystemState=")
            if state in ("running", "degraded"):
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise OSError(f"systemd did not come up: {self.said.strip().splitlines()[-3:]}")


def _remove(group: Path) -> None:
    """Take a control group and those in it away, and end what is left in them."""
    for file in group.rglob("cgroup.procs"):
        for number in file.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
    folders = sorted((path for path in group.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
    for folder in [*folders, group]:
        for _ in range(100):
            try:
                folder.rmdir()
                break
            except OSError:
                time.sleep(0.02)  # the kernel still takes its last process away
