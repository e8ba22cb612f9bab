"""Memory that was freed stays with the process: pictures of the same sizes come and go thirty times a second."""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Names of glibc's `mallopt` (malloc.h)."""
LARGEST_KEPT_BYTES = 32 * 1024 * 1024
"""A larger block goes back to the system at once; glibc takes no larger number."""
MOST_KEPT_BYTES = 64 * 1024 * 1024
"""So much of freed memory stays at the end of a heap; what a recording that could not keep up had queued goes back."""


def keep_freed_memory() -> bool:
    """Have this process keep what it frees, whichever thread asks for it again.

    By default glibc gives a picture's memory back when it is freed, and the next picture is a page fault for each
    4 KiB: half of the processor time of moving a picture was spent there.

    Returns:
        Whether the system's allocator can be told so: glibc alone can. Elsewhere nothing is changed.
    """
    if "MALLOC_TRIM_THRESHOLD_" in os.environ or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return False  # whoever set them knows better
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    kept = mallopt(_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
    return bool(kept and mallopt(_TRIM_THRESHOLD, MOST_KEPT_BYTES))
