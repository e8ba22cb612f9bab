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
        free = min(free, max(0, limit - int((cgroup / "memory.current").read_text())))
    return free
