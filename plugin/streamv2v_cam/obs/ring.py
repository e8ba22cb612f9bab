"""What the Lua script writes into the hidden input: the last presses, each with its number."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

VERSION = 1


@dataclass
class RingReader:
    """Takes each press once, however often and however late the ring is read.

    Attributes:
        lost: presses that had left the ring before they were read.
    """

    lost: int = 0
    _session: str | None = field(default=None, init=False)
    _last: int = field(default=0, init=False)

    def take(self, text: str | None, *, live: bool = True) -> list[str]:
        """The commands that are new in `text`, in the order they were pressed.

        Args:
            text: the ring as JSON; None where nothing has been pressed yet.
            live: False for the first look after a connection: what was pressed while nobody listened is past.

        Returns:
            Commands; none for text that is no ring.
        """
        ring = _parsed(text)
        if ring is None:
            self._session = "" if self._session is None else self._session
            return []
        session, entries = ring
        if self._session is None or not live:
            self._session, self._last = session, entries[-1][0] if entries else 0
            return []
        if session != self._session:
            self._session, self._last = session, 0
        fresh = [(number, command) for number, command in entries if number > self._last]
        if fresh:
            self.lost += max(0, fresh[0][0] - self._last - 1)
            self._last = fresh[-1][0]
        return [command for _, command in fresh]


def _parsed(text: str | None) -> tuple[str, list[tuple[int, str]]] | None:
    """Session and entries in order; None for what is no ring of this version."""
    try:
        ring = json.loads(text or "")
        if ring["v"] != VERSION:
            return None
        entries = [(int(number), str(command)) for number, command in ring["ring"]]
        return str(ring["session"]), sorted(entries)
    except (ValueError, KeyError, TypeError):
        return None
