"""What the page and the API tell and reach: plain objects, made by the composition root."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from .. import __version__
from ..frame import Pixels
from ..looks import LookSet, Shelf
from ..store import ControlStore, Snapshot
from .choices import Models, Servers, Sizes, Sources

if TYPE_CHECKING:
    from .catalogue import Catalogue
    from .checkup import Doctor
    from .history import Past
    from .welcome import Welcome

OBS_SILENCE_S = 15.0


class JpegSource(Protocol):
    """Where the page's picture comes from."""

    def wait_newer(self, last_sequence: int, timeout_s: float, /) -> tuple[int, bytes] | None:
        """Sequence number and JPEG of a picture newer than `last_sequence`; None when none came in time."""
        ...


@dataclass(frozen=True)
class Report:
    """What is on air and why, in words; the composition root makes one whenever it is asked.

    Attributes:
        state: an `AirState`, such as "live" or "engine restarting".
        reason: one line for a person; empty when there is nothing to say.
        progress: what the engine is busy with while it loads; may be empty.
        source: where the picture comes from, in words.
        sinks: where it goes, in words, each with what is wrong with it if something is.
        facts: more about the engine (device, model, size), plain values.
        resting: name of a control that does nothing now -> why.
        on_demand: whether camera and engine rest while nobody watches, and who does; see `Rests.status`.
        region: why the look is on the whole picture although a part was asked for, one line; "" otherwise.
        model: which one is on air, and which is in preparation; see `Models.status`.
    """

    state: str
    reason: str = ""
    progress: str = ""
    source: str = ""
    sinks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    resting: Mapping[str, str] = field(default_factory=dict)
    on_demand: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    model: Mapping[str, Any] = field(default_factory=dict)


class Rests(Protocol):
    """The mode on demand: camera and engine rest while nobody watches."""

    def switch(self, on: bool, /) -> None:
        """Switch it on or off, for this run; returns at once."""
        ...

    def status(self) -> dict[str, Any]:
        """on, resting, watched_by, unseen (names of outputs), told (one line)."""
        ...


class Recording(Protocol):
    """Recording by command."""

    def start(self) -> None:
        """Begin a file.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def stop(self) -> None:
        """End it."""
        ...

    def toggle(self) -> None:
        """Begin or end one.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def status(self) -> dict[str, Any]:
        """state ("off", "recording", "finishing" or "lost"), file, folder, seconds, bytes, reason."""
        ...


class ObsNews:
    """What the OBS process said last about itself."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, Any] = {}
        self._told_s = 0.0
        self._hands: dict[str, tuple[str, float]] = {}
        """Mark of an OBS -> the process that speaks for it, and when it last did."""

    def tell(self, news: Mapping[str, Any], *, hand: str = "", obs: str = "") -> bool:
        """Take the news of one OBS process.

        Args:
            news: what is shown.
            hand: a mark of the process.
            obs: a mark of the OBS it speaks for; "" while it has none.

        Returns:
            False for a second process that speaks for the same OBS: its news are not taken.
        """
        with self._lock:
            now_s = self._clock()
            self._hands = {
                mark: (who, said_s)
                for mark, (who, said_s) in self._hands.items()
                if now_s - said_s <= OBS_SILENCE_S and (who != hand or mark == obs)
            }
            if obs and hand:
                if self._hands.get(obs, (hand, now_s))[0] != hand:
                    return False
                self._hands[obs] = (hand, now_s)
            elif any(who != hand for who, _ in self._hands.values()):
                # it has no OBS (yet, or any more), and another process has: that one's news go on being shown
                return True
            self._told, self._told_s = dict(news), now_s
            return True

    def as_dict(self) -> dict[str, Any]:
        """State "absent" (never heard of), "connected", "disconnected" or "silent", and what was told."""
        with self._lock:
            if not self._told:
                return {"state": "absent"}
            age_s = self._clock() - self._told_s
            state = "connected" if self._told.get("connected") else "disconnected"
            return {"state": "silent" if age_s > OBS_SILENCE_S else state, "age_s": round(age_s, 1), **self._told}


@dataclass
class Desk:
    """Everything the routes reach: the one door for changes, and the calls that tell how things are.

    Attributes:
        store: the one door.
        shelf: the looks on offer, and every change of the person's own.
        telemetry: gives plain numbers, ready for JSON.
        report: says what is on air and why.
        preview: the picture on air; None leaves it out.
        source_preview: the picture before it is styled; None leaves it out.
        recorder: writes what is on air into files; None where nothing is recorded.
        sources: what may be switched to; None where it is fixed.
        sizes: the sizes of the engine; None where it is fixed.
        models: the models of the engine; None where it is fixed.
        on_demand: lets camera and engine rest while nobody watches; None where they never do.
        thumbnails: name of a look -> small JPEG of the user's own picture in it.
        thumbnails_version: goes up with every new one.
        picture_version: goes up with every new one of a look.
        obs: what the OBS process said.
        history: the last minutes; None keeps none.
        doctor: examines the machine; None leaves that out.
        servers: engines on other machines; None leaves them out.
        welcome: asks three questions at the first run; None asks nothing.
        catalogue: the models by name; None has none.
        frame: the camera's newest picture, RGB uint8 `[H, W, 3]`; None while there is none.
    """

    store: ControlStore
    shelf: Shelf
    telemetry: Callable[[], Mapping[str, Any]]
    report: Callable[[], Report]
    preview: JpegSource | None = None
    source_preview: JpegSource | None = None
    recorder: Recording | None = None
    sources: Sources | None = None
    sizes: Sizes | None = None
    models: Models | None = None
    on_demand: Rests | None = None
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)
    thumbnails_version: Callable[[], int] = lambda: 0
    picture_version: Callable[[str], int] = lambda name: 0
    obs: ObsNews = field(default_factory=ObsNews)
    history: Past | None = None
    doctor: Doctor | None = None
    servers: Servers | None = None
    welcome: Welcome | None = None
    catalogue: Catalogue | None = None
    frame: Callable[[], Pixels | None] = lambda: None

    @property
    def looks(self) -> LookSet:
        """The looks as they are now."""
        return self.shelf.looks

    def state(self) -> dict[str, Any]:
        """The state as the API gives it, ready for JSON."""
        return {"version": __version__, **told(self.store.current), **self.status()}

    def status(self) -> dict[str, Any]:
        """What changes without anybody changing it."""
        notice = self.store.notice
        return {
            "air": asdict(self.report()),
            "telemetry": dict(self.telemetry()),
            "preview": self.preview is not None,
            "obs": self.obs.as_dict(),
            "recording": self.recorder.status() if self.recorder else {"state": "off"},
            "notice": {
                "number": notice.number,
                "text": notice.text,
                "refused": notice.refused,
                "answered": bool(notice.answered),
                "notes": list(notice.notes),
            },
            "fetching": self.catalogue.status() if self.catalogue else None,
            "looks_version": self.shelf.version + self.thumbnails_version(),
        }


def told(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the API gives it, ready for JSON."""
    return {
        "revision": snapshot.revision,
        "look": snapshot.look,
        "mode": snapshot.controls.mode,
        "bank_resets": snapshot.bank_resets,
        "controls": snapshot.controls.as_dict(),
    }
