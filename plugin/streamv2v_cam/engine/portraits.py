"""The person's own picture in every look, drawn beside the live engine by one that gets a twentieth of a core."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from streamv2v.config import BankConfig, StreamConfig
from streamv2v.controls import Controls

from ..frame import Frame, Pixels
from ..looks import Look
from ..mailbox import Mailbox
from ..store import Snapshot
from ..system.opencv import cv2
from .free_memory import free_system_bytes
from .link import EngineLink, Patience
from .protocol import Failure, FrameDone, Refit

ENTRY = "streamv2v_cam.engine.worker_portraits:main"
LOOK_S = 1.0
BEFORE_S = 20.0
"""Live for so long before it begins: the live engine finds its speed first."""
ROOM_BYTES = 1_500_000_000
"""Memory that must be free: a second process with torch and the embedded model takes about a third of it."""
WIDTH, QUALITY = 192, 80

log = logging.getLogger(__name__)


class Portraits:
    """Draws what is missing, look by look, while the program is live; gives its process back when all are there.

    Args:
        config: what the live engine is built from; the pictures are drawn in its size, with one step and no memory.
        raw: where captured frames are.
        missing: the looks that have no picture of the person yet.
        put: takes the picture of a look, by its name.
        may: whether it may begin: the program is live, and busy with nothing beside.
        goes_on: whether what was begun may go on: it takes minutes of small pieces, and what is lost is begun anew.
        entry: function that runs in the process.
        before_s: how long it must have been so.
    """

    def __init__(
        self,
        config: StreamConfig,
        raw: Mailbox[Frame],
        *,
        missing: Callable[[], Iterable[Look]],
        put: Callable[[str, bytes], None],
        may: Callable[[], bool],
        goes_on: Callable[[], bool],
        entry: str = ENTRY,
        before_s: float = BEFORE_S,
    ) -> None:
        self._config = replace(config, slots=1, bank=BankConfig(kind="off"), guidance="none", acceleration="none")
        self._raw, self._missing, self._put, self._may, self._goes_on = raw, missing, put, may, goes_on
        self._entry, self._before_s = entry, before_s
        self._tried: dict[str, Mapping[str, object]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="portraits", daemon=True)

    def start(self) -> None:
        """Wait for time to spare, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the process; safe to call twice, or before `start`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        since_s = time.monotonic()
        while not self._stopping.wait(min(LOOK_S, self._before_s)):
            if not self._may():
                since_s = time.monotonic()
            elif time.monotonic() - since_s >= self._before_s and (wanted := self._wanted()) and _has_room():
                try:
                    self._draw(wanted)
                except Exception:
                    log.exception("no pictures of looks")
                    self._tried |= {look.name: look.patch() for look in wanted}
                since_s = time.monotonic()

    def _wanted(self) -> list[Look]:
        # a look whose drawing has failed is tried again when it is another one
        return [look for look in self._missing() if self._tried.get(look.name) != look.patch()]

    def _draw(self, wanted: list[Look]) -> None:
        frame = self._raw.latest
        if frame is None:
            return
        link = EngineLink(
            self._config,
            Snapshot(_controls_of(wanted[0]), revision=0),
            entry=self._entry,
            threads=1,
            fit=False,
            patience=Patience(hang_s=120.0),
        )
        try:
            for number, look in enumerate(wanted, 1):
                link.update(Snapshot(_controls_of(look), revision=number))
                picture = self._one(link, frame)
                if picture is None:
                    return
                self._tried[look.name] = look.patch()
                self._put(look.name, small_jpeg(picture))
        finally:
            link.close(at_once=True)

    def _one(self, link: EngineLink, frame: Frame) -> Pixels | None:
        """One styled picture; None when there is no time for it any more.

        Raises:
            RuntimeError: the process ended.
        """
        fed = 0
        while not self._stopping.is_set() and self._goes_on():
            if link.ready is not None and not fed:
                fed = link.feed(frame)
            for message in link.hear(0.2):
                if isinstance(message, Failure | Refit):
                    raise RuntimeError(message.reason)
                if isinstance(message, FrameDone) and fed and (styled := link.styled_at(link.frames_done)):
                    return styled.pixels
        return None


def _controls_of(look: Look) -> Controls:
    return Controls().patched({**look.patch(), "transition_s": 0.0})


def _has_room() -> bool:
    return free_system_bytes() >= ROOM_BYTES


def small_jpeg(picture: Pixels) -> bytes:
    """RGB uint8 `[H, W, 3]` as a small JPEG.

    Raises:
        RuntimeError: it cannot be encoded.
    """
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    small = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise RuntimeError("a picture could not be encoded")
    return jpeg.tobytes()
