"""Memory that this process may still take: of the machine, or of the container it runs in."""

from __future__ import annotations

import contextlib
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def free_system_bytes(cgroup: Path = _CGROUP) -> int:
    """Bytes of system memory available now.

    Args:
        cgroup: where Linux tells the container's limit; elsewhere there is nothing.
    """
    import psutil

    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):
        limit = int((cgroup / "memory.max").read_text())  # "max" where there is none
        used = int((cgroup / "memory.current").read_text()) - _old_file_pages(cgroup)
        free = min(free, max(0, limit - used))
    return free


def _old_file_pages(cgroup: Path) -> int:
    """Bytes of files read a while ago, which are counted as used and given back at once when memory is wanted."""
    for line in (cgroup / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return int(value)
    return 0
