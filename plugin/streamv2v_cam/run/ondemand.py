"""On demand: camera and engine rest while nobody watches, and are back when somebody does."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..frame import Frame
from ..mailbox import Mailbox
from ..store import ControlStore

if TYPE_CHECKING:
    from ..settings.ondemand import OnDemandSettings

LOOK_S = 1.0
LOOK_RESTING_S = 0.25
"""How often it is looked who watches; while camera and engine rest somebody may wait for them."""
RESTS = "camera and engine rest when nobody has watched for {:g} s"
UNSEEN = "Whether anybody watches {} cannot be seen here, so it counts as watched."

log = logging.getLogger(__name__)


class Camera(Protocol):
    """What lets go of the camera; a `CaptureThread` is one."""

    def rest(self) -> None: ...

    def wake(self) -> None: ...


class Engine(Protocol):
    """What may end the engine's process; an `EngineSupervisor` is one."""

    def unload(self) -> None: ...

    def load_again(self) -> None: ...


@dataclass(frozen=True)
class Watching:
    """Who watches at one moment.

    Attributes:
        by: the outputs that are watched, in words.
        unseen: those of them of which it cannot be seen, and which count as watched.
    """

    by: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def watching_of(outputs: Mapping[str, bool | None]) -> Watching:
    """Who watches, from what each output says of itself; what it does not know counts as watched."""
    by = tuple(name for name, watched in outputs.items() if watched is not False)
    return Watching(by, tuple(name for name, watched in outputs.items() if watched is None))


class OnDemand:
    """Follows who watches, in a thread of its own.

    A rest ends as soon as anybody watches, and with the mode. Nothing from before it is shown afterwards, and the
    engine's memory of past pictures is emptied.

    Args:
        settings: whether and when.
        watching: who watches now; may take some milliseconds.
        begun: whether a first picture was drawn, or cannot be: before that nothing rests.
        camera, engine: what rests.
        store: told to empty the memory of past pictures.
        pictures: where pictures lie that must not be shown later.
        clock: seconds; the one the frames' `captured_at_s` comes from.

    Attributes:
        shown_from_s: no picture taken before this time may be shown; infinite during a rest.
    """

    def __init__(
        self,
        settings: OnDemandSettings,
        *,
        watching: Callable[[], Watching],
        begun: Callable[[], bool],
        camera: Camera,
        engine: Engine,
        store: ControlStore,
        pictures: Sequence[Mailbox[Frame]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._watching, self._begun = settings, watching, begun
        self._camera, self._engine, self._store, self._pictures = camera, engine, store, pictures
        self._clock = clock
        self._on, self._unloaded, self._failing = settings.on, False, False
        self._seen = Watching()
        self._alone_since_s = math.inf
        self._news, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="on demand", daemon=True)
        self.shown_from_s = -math.inf

    def begin(self, say: Callable[[str], None]) -> None:
        """Follow from now on; where the mode is on, one line says what that means here."""
        if self._on:
            self.look()
            after_s = self._settings.after_s
            say(f"on demand: {self.status()['told'] or RESTS.format(after_s)}")
        self._thread.start()

    def stop(self) -> None:
        """End; what rests stays so. Safe to call twice, or before `start`."""
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    @property
    def on(self) -> bool:
        """Whether camera and engine may rest."""
        return self._on

    @property
    def resting(self) -> bool:
        """Whether they do."""
        return self.shown_from_s == math.inf

    def switch(self, on: bool) -> None:
        """Have them rest while nobody watches, or not any more; for this run."""
        self._on, self._alone_since_s = on, math.inf
        self._news.set()

    def status(self) -> dict[str, Any]:
        """on, resting, watched_by and unseen (names of outputs), told (one line for a person); plain values."""
        seen = self._seen
        return {
            "on": self._on,
            "resting": self.resting,
            "watched_by": list(seen.by),
            "unseen": list(seen.unseen),
            "told": UNSEEN.format(" and ".join(seen.unseen)) if self._on and seen.unseen else "",
        }

    def look(self) -> None:
        """Look once who watches, and do what follows from it."""
        if not self._on:
            self._wake()
            return
        self._seen, now_s = self._watching(), self._clock()
        if self._seen.by or not self._begun():
            self._alone_since_s = math.inf
            self._wake()
            return
        self._alone_since_s = min(self._alone_since_s, now_s)
        alone_s = now_s - self._alone_since_s
        if not self.resting and alone_s >= self._settings.after_s:
            self._rest()
        unload_s = self._settings.unload_after_s
        if self.resting and unload_s is not None and alone_s >= unload_s and not self._unloaded:
            log.info("the engine's process ends: nobody has watched for %.0f s", alone_s)
            self._unloaded = True
            self._engine.unload()

    def _run(self) -> None:
        while not self._stopping:
            self._news.wait(LOOK_RESTING_S if self.resting else LOOK_S)
            self._news.clear()
            if self._stopping:
                return
            try:
                self.look()
                self._failing = False
            except Exception:
                if not self._failing:
                    log.exception("it cannot be seen who watches")
                self._failing = True
                # whoever watches must not wait for a look that fails
                self._wake()

    def _rest(self) -> None:
        log.info("nobody watches: camera and engine rest")
        self.shown_from_s = math.inf
        self._camera.rest()
        self._forget()

    def _wake(self) -> None:
        if not self.resting:
            return
        log.info("watched by %s: camera and engine go on", ", ".join(self._seen.by) or "nobody, and on all the same")
        self._forget()
        self._store.reset_bank()
        if self._unloaded:
            self._unloaded = False
            self._engine.load_again()
        self.shown_from_s = self._clock()
        self._camera.wake()

    def _forget(self) -> None:
        for pictures in self._pictures:
            pictures.clear()
