"""Memory that this process may still take: of the machine, or of the container or service it runs in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_CGROUP, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_COUNTERS = Path("/proc/vmstat")


def free_system_bytes(cgroup: Path = _CGROUP, own: Path = _OWN) -> int:
    """Bytes of system memory available now.

    Args:
        cgroup: where Linux tells the limits of containers and services; elsewhere there is nothing.
        own: where it tells which of them this process is in.
    """
    import psutil

    free = psutil.virtual_memory().available
    for group, (limit, used, spare) in _groups(cgroup, own):
        with contextlib.suppress(OSError, ValueError):
            most = int((group / limit).read_text())  # "max" where there is none
            taken = int((group / used).read_text()) - _old_file_pages(group, spare)
            free = min(free, max(0, most - taken))
    return free


def free_card_bytes(index: int = 0) -> int | None:
    """Bytes of an NVIDIA card's memory available now; None where its driver does not tell."""
    with contextlib.suppress(Exception):  # no driver, no library, no device: each has its own kind
        import pynvml

        pynvml.nvmlInit()
        try:
            return int(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(index)).free)
        finally:
            pynvml.nvmlShutdown()
    return None


def resident_bytes(pid: int) -> int:
    """Memory of a process, bytes; 0 where it has ended."""
    import psutil

    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def kills_for_memory(counters: Path = _COUNTERS) -> int:
    """How many processes the system has ended since its start because memory ran out; 0 where it does not tell."""
    with contextlib.suppress(OSError, ValueError):
        return _number(counters, "oom_kill")
    return 0


_Files = tuple[str, str, str]
_SECOND: _Files = ("memory.max", "memory.current", "inactive_file")
_FIRST: _Files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _groups(cgroup: Path, own: Path) -> Iterator[tuple[Path, _Files]]:
    """Every group that this process is in, and what its files are called: each may have a limit of its own."""
    # a container sees its own group as the outermost
    places = [(cgroup, _SECOND, "/"), (cgroup / "memory", _FIRST, "/")]
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, kinds, place = line.split(":", 2)
            if not kinds:
                places.append((cgroup, _SECOND, place))
            elif "memory" in kinds.split(","):
                places.append((cgroup / "memory", _FIRST, place))
    seen: set[Path] = set()
    for base, files, place in places:
        inside = PurePosixPath(place.lstrip("/"))
        for part in (inside, *inside.parents):
            if (group := base / part) not in seen:
                seen.add(group)
                yield group, files


def _old_file_pages(group: Path, name: str) -> int:
    """Bytes of files read a while ago, which are counted as used and given back at once when memory is wanted."""
    return _number(group / "memory.stat", name)


def _number(path: Path, name: str) -> int:
    """The number behind a name in a file of such lines; 0 where it is not there.

    Raises:
        OSError, ValueError: the file cannot be read.
    """
    for line in path.read_text().splitlines():
        found, _, value = line.partition(" ")
        if found == name:
            return int(value)
    return 0
