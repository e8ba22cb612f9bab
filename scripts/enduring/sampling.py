"""What a program and its processes hold at one moment, read from /proc."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PROC, SHARED = Path("/proc"), Path("/dev/shm")
MIB = 1 << 20


@dataclass(frozen=True)
class Holding:
    """What one or more processes hold.

    Attributes:
        pss_mb: memory, what is shared counted in shares, MiB.
        rss_mb: memory, what is shared counted in full, MiB.
        handles: open files, sockets and pipes.
        threads: of them all.
        processes: how many they are.
    """

    pss_mb: float = 0.0
    rss_mb: float = 0.0
    handles: int = 0
    threads: int = 0
    processes: int = 0

    def __add__(self, other: Holding) -> Holding:
        return Holding(
            self.pss_mb + other.pss_mb,
            self.rss_mb + other.rss_mb,
            self.handles + other.handles,
            self.threads + other.threads,
            self.processes + other.processes,
        )


@dataclass
class Sampler:
    """Looks at a program again and again.

    Attributes:
        pid: of the host.
        folder: where its temporary files go.
        pieces: names in /dev/shm that it, or a process of its own, has had so far.
    """

    pid: int
    folder: Path
    pieces: set[str] = field(default_factory=set)

    def holdings(self) -> dict[str, Holding]:
        """ "host", "engine" and "others": the OBS process, a spare, whoever draws or converts beside."""
        found = {"host": Holding(), "engine": Holding(), "others": Holding()}
        for process in family(self.pid):
            kind = "host" if process.pid == self.pid else "others"
            with contextlib.suppress(OSError, psutil.Error):
                pieces = shared_pieces(process.pid)
                self.pieces |= pieces
                if kind == "others" and pieces and found["engine"].processes == 0:
                    kind = "engine"
                found[kind] += holding(process.pid)
        return found

    @property
    def shared_mb(self) -> float:
        """What there is of its pieces of shared memory, MiB."""
        total = 0
        for name in self.pieces:
            with contextlib.suppress(OSError):
                total += (SHARED / name).stat().st_size
        return total / MIB

    @property
    def shared_pieces(self) -> int:
        """How many of them there are."""
        return sum((SHARED / name).exists() for name in self.pieces)

    @property
    def temporary_files(self) -> int:
        """Files in its folder for temporary ones."""
        return sum(len(files) for _, _, files in os.walk(self.folder))


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it, the oldest first; empty where it is gone."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        return [parent, *sorted(parent.children(recursive=True), key=lambda child: child.create_time())]
    return []


def holding(pid: int) -> Holding:
    """What one process holds.

    Raises:
        OSError: it is gone.
    """
    place = PROC / str(pid)
    memory = _numbers(place / "smaps_rollup")
    threads = _numbers(place / "status")["Threads"]
    handles = sum(1 for _ in (place / "fd").iterdir())
    return Holding(memory["Pss"] / 1024, memory["Rss"] / 1024, handles, threads, 1)


def shared_pieces(pid: int) -> set[str]:
    """Names in /dev/shm that a process has mapped.

    Raises:
        OSError: it is gone.
    """
    lines = (PROC / str(pid) / "maps").read_text().splitlines()
    return {line.rpartition("/")[2].partition(" ")[0] for line in lines if f"{SHARED}/" in line}


def _numbers(path: Path) -> dict[str, int]:
    """The whole numbers of a file of lines like "Pss:  12 kB"."""
    found: dict[str, int] = {}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        if (value := rest.split()[:1]) and value[0].isdecimal():
            found[name] = int(value[0])
    return found
