"""Whether one more session has room beside others on one copy of the weights, by the library's preflight."""

from __future__ import annotations

from collections.abc import Sequence

from streamv2v.models.preflight import Needs, size_words

LIBRARIES = "device and libraries"
WEIGHTS = " weights"


def shared_bytes(needs: Needs) -> int:
    """What all sessions of a replica have together: the weights, and what the device's libraries hold."""
    return sum(size for name, size in needs.parts.items() if name.endswith(WEIGHTS) or name == LIBRARIES)


def session_bytes(needs: Needs) -> int:
    """What each session has for itself: its bank, its working tensors, the margin of the estimate."""
    return needs.total_bytes - shared_bytes(needs)


def sessions_that_fit(needs: Needs, free_bytes: int) -> int:
    """Sessions of one size that fit, by memory alone."""
    return max(0, (free_bytes - shared_bytes(needs)) // max(1, session_bytes(needs)))


def no_room(needs: Needs, others: Sequence[Needs], free_bytes: int) -> str:
    """Why a session that needs that much has no room beside the others, for a person; "" where it has.

    Args:
        free_bytes: what the replica may take in all, before anything was loaded.
    """
    wanted = shared_bytes(needs) + session_bytes(needs) + sum(session_bytes(other) for other in others)
    if wanted <= free_bytes:
        return ""
    return (
        f"no memory for one more beside {len(others)}: that would be {size_words(wanted)} in all, and this engine may "
        f"take {size_words(free_bytes)}"
    )
