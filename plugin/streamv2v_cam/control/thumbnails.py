"""Thumbnails of looks: the user's own picture in each, taken while the look is on air; kept in memory alone.

Each model draws a look in its own way, so that those of one are never shown for another.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from ..store import ControlStore, Snapshot

LOOK_S = 0.5
SETTLED_S = 2.0
"""After the glide to a look, the picture needs a moment more until nothing of the look before is in it."""
DRAWINGS = 3
"""The same counted in drawings, for an engine that takes seconds for each."""
RENEW_S = 120.0
LIMIT = 200

log = logging.getLogger(__name__)


class Thumbnails(Mapping[str, bytes]):
    """Name of a look -> JPEG.

    Args:
        store: says which look is chosen.
        is_live: whether styled pictures are on air.
        picture: a small JPEG of what is on air now; None when there is none.
        look_delay_s: how old the drawing on air is at most, as a rule.
        model: the one on air, whose pictures these are.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        store: ControlStore,
        *,
        is_live: Callable[[], bool],
        picture: Callable[[], bytes | None],
        look_delay_s: Callable[[], float] = lambda: 0.0,
        model: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._is_live, self._picture, self._clock = store, is_live, picture, clock
        self._look_delay_s, self._model = look_delay_s, model
        self._lock = threading.Lock()
        self._pictures: dict[tuple[str, str], bytes] = {}
        self._versions: dict[tuple[str, str], int] = {}
        self._taken_s: dict[tuple[str, str], float] = {}
        self._words: tuple[object, ...] = ()
        self._since_s = clock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.version = 0

    def start(self) -> None:
        """Look for pictures to take, in a thread."""
        self._thread = threading.Thread(target=self._run, name="thumbnails", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Safe to call twice, or before `start`."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def look(self) -> None:
        """Take a picture if one is due."""
        now, now_s = self._store.current, self._clock()
        model = self._model()
        words = (model, *_words_of(now))
        if words != self._words or not self._is_live():
            self._words, self._since_s = words, now_s
            return
        if now.look is None or now_s - self._since_s < now.controls.transition_s + self._settling_s():
            return
        if now_s - self._taken_s.get((model, now.look), -RENEW_S) < RENEW_S:
            return
        jpeg = self._picture()
        if jpeg is not None and self._store.current.look == now.look and self._model() == model:
            self._taken_s[model, now.look] = now_s
            self.put(now.look, jpeg)

    def _settling_s(self) -> float:
        # a slow engine still draws the look before, and its next drawing may be in the middle of the glide
        return max(SETTLED_S, DRAWINGS * self._look_delay_s())

    def put(self, name: str, jpeg: bytes) -> None:
        """A new picture of a look."""
        key = (self._model(), name)
        with self._lock:
            kept = {other: old for other, old in self._pictures.items() if other != key}
            self._pictures = dict([*kept.items(), (key, jpeg)][-LIMIT:])
            self.version += 1
            self._versions[key] = self.version

    def version_of(self, name: str) -> int:
        """Changes with every new picture of that look; 0 while there is none."""
        return self._versions.get((self._model(), name), 0)

    def __getitem__(self, name: str) -> bytes:
        return self._pictures[self._model(), name]

    def __iter__(self) -> Iterator[str]:
        model = self._model()
        return (name for of, name in list(self._pictures) if of == model)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
            except Exception:
                log.exception("no thumbnail")


def _words_of(now: Snapshot) -> tuple[object, ...]:
    """What makes another picture when it changes."""
    controls = now.controls
    return now.look, controls.prompt, controls.blend, controls.strength, controls.mode
