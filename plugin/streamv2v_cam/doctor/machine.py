"""Machine: every fact that the doctor asks for goes through here, so that recorded facts can take its place."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..system.readers import holders
from ..system.v4l2 import VideoNode, list_nodes

TEXT_LIMIT_BYTES = 1 << 20
ASK_LIMIT_S = 10.0
CONNECT_LIMIT_S = 0.5


@dataclass(frozen=True)
class Answer:
    """What a command said.

    Attributes:
        code: its exit code.
        out: standard output, or where that is empty, standard error.
    """

    code: int
    out: str


@dataclass
class Machine:
    """The machine the program runs on.

    Attributes:
        system: "Linux", "Windows" or "Darwin".
        root: folder that stands for "/" (or for all drives); None for the real one.
        home: of the person; the real folder, also below another `root`.
        environment: variables.
        python: the Python that runs the program.
        python_version: of it.
    """

    system: str = field(default_factory=platform.system)
    root: Path | None = None
    home: Path = field(default_factory=Path.home)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    python: str = sys.executable
    python_version: tuple[int, ...] = tuple(sys.version_info[:3])
    heard: dict[str, str] = field(default_factory=dict)
    """Command -> what it answered, of all that were asked."""

    def path(self, name: str) -> Path:
        """The real place of a path of that machine."""
        if self.root is None:
            return Path(name)
        pure = PureWindowsPath(name) if self.system == "Windows" else PurePosixPath(name)
        return self.root.joinpath(*pure.parts[1:]) if pure.anchor else self.root.joinpath(*pure.parts)

    def text(self, name: str | Path) -> str | None:
        """What a file holds, without blanks at its ends; None where it cannot be read."""
        data = self.data(name)
        return None if data is None else data.decode("utf-8", "replace").strip("\0 \r\n\t")

    def data(self, name: str | Path, *, limit: int = TEXT_LIMIT_BYTES) -> bytes | None:
        """The bytes of an ordinary file, up to a limit; None where it cannot be read.

        A pipe would be waited for, a device would be started or never end.
        """
        place = name if isinstance(name, Path) else self.path(name)
        try:
            if not place.is_file():
                return None
            with place.open("rb") as stream:
                return stream.read(limit)
        except (OSError, ValueError):
            return None

    def may_be_there(self, place: Path) -> bool:
        """Whether there is something of that name, or nobody may look."""
        try:
            place.stat()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        except OSError:
            return True
        return True

    def names(self, folder: str | Path) -> list[str]:
        """What lies in a folder, sorted; empty where there is none."""
        place = folder if isinstance(folder, Path) else self.path(folder)
        try:
            return sorted(entry.name for entry in place.iterdir())
        except OSError:
            return []

    def exists(self, name: str | Path) -> bool:
        """Whether there is such a file or folder."""
        try:
            return (name if isinstance(name, Path) else self.path(name)).exists()
        except OSError:
            return False

    def ask(self, *command: str, limit_s: float = ASK_LIMIT_S) -> Answer | None:
        """What a command says; None where there is no such program, or where it takes too long."""
        answer = self.run(command, limit_s)
        if answer is not None:
            self.heard[" ".join(command)] = f"{answer.code}: {answer.out}"
        return answer

    def run(self, command: Sequence[str], limit_s: float) -> Answer | None:
        """Run a command for `ask`."""
        program = shutil.which(command[0])
        if program is None:
            return None
        try:
            done = subprocess.run(
                [program, *command[1:]],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=limit_s,
                check=False,
                # words of commands are read, so they have to be in one language
                env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "1"},
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return Answer(done.returncode, (done.stdout.strip() or done.stderr.strip()).decode("utf-8", "replace"))

    def has(self, program: str) -> bool:
        """Whether a program is on the search path."""
        return shutil.which(program) is not None

    def may(self, place: str, *, write: bool = True) -> bool:
        """Whether this person may read (and write) a file."""
        return os.access(self.path(place), os.R_OK | (os.W_OK if write else 0))

    def version_of(self, distribution: str) -> str | None:
        """Version of an installed package, without importing it; None where there is none."""
        try:
            return metadata.version(distribution)
        except (metadata.PackageNotFoundError, OSError, ValueError):
            return None

    def needed_packages(self) -> Sequence[str]:
        """Names of the packages the program needs everywhere."""
        with contextlib.suppress(metadata.PackageNotFoundError):
            lines = metadata.requires("streamv2v-cam") or []
            plain = [line for line in lines if ";" not in line]
            return [line.split(">")[0].split("<")[0].split("=")[0].split("!")[0].strip() for line in plain]
        return []

    def in_environment(self) -> bool:
        """Whether that Python is of a virtual environment."""
        return sys.prefix != sys.base_prefix

    def memory_bytes(self) -> tuple[int, int] | None:
        """Memory of the machine, and what of it is free for programs."""
        try:
            import psutil

            told = psutil.virtual_memory()
        except Exception:  # the package is missing or broken: one of the findings
            return None
        return told.total, told.available

    def free_bytes(self, folder: Path) -> int | None:
        """Room on the disk that holds, or will hold, a folder."""
        for place in (folder, *folder.parents):
            with contextlib.suppress(OSError):
                return shutil.disk_usage(place).free
        return None

    def writable(self, folder: Path) -> bool:
        """Whether a folder can be written, or made."""
        for place in (folder, *folder.parents):
            if place.exists():
                return place.is_dir() and os.access(place, os.W_OK)
        return False

    def answers(self, host: str, port: int) -> bool:
        """Whether somebody listens there."""
        try:
            with socket.create_connection((host, port), CONNECT_LIMIT_S):
                return True
        except (OSError, ValueError):
            return False

    def video_nodes(self) -> list[VideoNode]:
        """The /dev/videoN of Linux."""
        return list_nodes() if self.system == "Linux" else []

    def groups(self) -> set[str]:
        """Names of the groups that this process is in."""
        try:
            import grp

            return {grp.getgrgid(number).gr_name for number in os.getgroups()}
        except (ImportError, KeyError, OSError):
            return set()

    def is_root(self) -> bool:
        """Whether the program runs as root."""
        return hasattr(os, "geteuid") and os.geteuid() == 0

    def now_s(self) -> float:
        """The clock of the machine, s since 1970."""
        return time.time()

    def holders(self, device: str) -> list[tuple[int, str]]:
        """Number and name of the processes of this person that hold a device open, on Linux."""
        return [(holder.number, holder.program) for holder in holders(device, proc=self.path("/proc"))]
