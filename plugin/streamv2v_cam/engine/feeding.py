"""Feeding engines: the newest captured frame goes to each that is ready for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from ..frame import Frame
from ..mailbox import Mailbox
from .link import EngineLink

_LOOK_S = 0.2


class Feeder:
    """Takes captured frames, in a thread of its own, and gives them to the engines there are.

    Args:
        raw: captured frames; this is the one that takes them.
        links: the engines, ready or not.
    """

    def __init__(self, raw: Mailbox[Frame], links: Callable[[], Iterable[EngineLink | None]]) -> None:
        self._raw, self._links = raw, links
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine feeder", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End; safe to call twice, and before `start`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def begin(self, link: EngineLink) -> None:
        """Give an engine its first frame: a source that has ended gives no further one to begin with."""
        if (latest := self._raw.latest) is not None:
            link.feed(latest)

    def _run(self) -> None:
        while not self._stopping.is_set():
            frame = self._raw.take(timeout_s=_LOOK_S)
            if frame is None:
                continue
            for link in self._links():
                if link is not None and link.ready is not None:
                    link.feed(frame)
