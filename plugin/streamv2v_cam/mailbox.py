"""A hand-off of one slot between two threads: the newest wins, the overwritten are counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds at most one unread item; writers never wait.

    `put` replaces an unread item and counts it in `dropped`. `take` removes the item; `latest` only
    looks, and still answers after `take`, so that a publisher can repeat the last picture.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._unread: Item | None = None
        self._latest: Item | None = None
        self.dropped = 0

    def put(self, item: Item) -> None:
        with self._condition:
            if self._unread is not None:
                self.dropped += 1
            self._unread = self._latest = item
            self._condition.notify()

    def take(self, timeout_s: float | None = None) -> Item | None:
        """The unread item, after waiting at most `timeout_s` for one; None when there was none."""
        with self._condition:
            if self._unread is None and timeout_s:
                self._condition.wait(timeout_s)
            item, self._unread = self._unread, None
            return item

    @property
    def latest(self) -> Item | None:
        """The newest item ever put, read or not."""
        return self._latest

    def clear(self) -> None:
        """Forget both the unread and the latest item."""
        with self._condition:
            self._unread = self._latest = None
