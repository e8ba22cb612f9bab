"""Seeks the person or the face in the camera's frames, in a thread of its own and a few times a second."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streamv2v.tuning.autotune import usable_cores

from ...frame import Frame, Pixels
from ...system.opencv import cv2
from ...system.shrinking import shrunk
from .networks import Face, FaceNetwork, Field, PersonNetwork

MOST_SHARE, MOST_SHARE_BESIDE = 0.05, 0.15
"""Of all cores together that may be spent while the engine draws on the same ones, and while it draws elsewhere."""
MOST_A_SECOND, LEAST_A_SECOND = 12.0, 3.0
PERSON_FROM, UNSURE = 0.5, 0.25
"""What the network thinks a person is one from here on; what is nearer than so much to 0 or 1 is taken for it."""
LEAST_OF_PICTURE = 0.004
"""Less than such a share of the picture is nobody."""
WORK_SIZE = 256
"""Pixels of the longer side of masks and of the frames that they are moved by."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in a frame.

    Attributes:
        frame: the camera's.
        small: it at the masks' size, RGB uint8 `[h, w, 3]`, even sides.
        mask: how far each place belongs to what was sought, 0..1, float32 `[h, w]`; None where there is nothing of it.
    """

    frame: Frame
    small: Pixels
    mask: Field | None


def worked(picture: Pixels) -> Pixels:
    """A camera's frame at the size of masks: even sides, the longer one `WORK_SIZE` px."""
    height, width = picture.shape[:2]
    scale = WORK_SIZE / max(width, height)
    size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
    return shrunk(picture, *size)


class Seeker:
    """Looks at the newest frame as often as its share of the processor allows; rests while nothing is wanted.

    Args:
        newest: gives the camera's newest frame.
        shared: whether the engine draws on this processor.
        cores: that this process may use; None counts them.

    Attributes:
        found: the newest answer; None before the first, and once something else is sought.
        failed: why nothing can be sought, one line; "" while it can.
        cost_s: what an answer takes of a core, as a rule; 0 before the first.
    """

    def __init__(
        self, newest: Callable[[], Frame | None], *, shared: Callable[[], bool] = lambda: True, cores: int | None = None
    ) -> None:
        self._newest, self._shared, self._cores = newest, shared, cores or usable_cores()
        self._wanted = ""
        self._changed = threading.Event()
        self._stopping = False
        self._networks: dict[str, Callable[[Pixels], Field | None]] = {}
        self.found: Found | None = None
        self.failed = ""
        self.cost_s = 0.0
        self._thread = threading.Thread(target=self._run, name="region", daemon=True)

    def want(self, kind: str) -> None:
        """Seek the "person" or the "face" from now on; "" rests."""
        if kind == self._wanted:
            return
        self.found, self._wanted = None, kind
        if kind and not self._thread.is_alive() and not self._stopping:
            self._thread.start()
        self._changed.set()

    def stop(self) -> None:
        """End; safe to call twice, and before anything was wanted."""
        self._stopping = True
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def sought(self, kind: str, frame: Frame) -> Found:
        """The "person" or the "face" in one frame; only the thread calls it, or who has not begun one."""
        small = worked(frame.pixels)
        if kind not in self._networks:
            self._networks[kind] = _person_in(PersonNetwork()) if kind == "person" else _faces_in(FaceNetwork())
        mask = self._networks[kind](small)
        return Found(frame, small, mask)

    def _run(self) -> None:
        seen: Frame | None = None
        while not self._stopping:
            self._changed.wait(self._rest_s() if self._wanted and not self.failed else None)
            self._changed.clear()
            kind, frame = self._wanted, self._newest()
            if not kind or frame is None or frame is seen or self._stopping:
                continue
            seen, spent_s = frame, time.thread_time()
            try:
                found = self.sought(kind, frame)
            except Exception as error:  # of the network: a build of OpenCV that cannot run it, say
                log.warning("No %s can be sought (%s); the look stays on the whole picture.", kind, error)
                self.failed, self.found = f"the {kind} cannot be sought here", None
                continue
            took_s = time.thread_time() - spent_s
            self.cost_s += (took_s - self.cost_s) / (8 if self.cost_s else 1)
            if kind == self._wanted:
                self.found = found

    def _rest_s(self) -> float:
        share = (MOST_SHARE if self._shared() else MOST_SHARE_BESIDE) * self._cores
        return min(1.0 / LEAST_A_SECOND, max(1.0 / MOST_A_SECOND, self.cost_s / share - self.cost_s))


def _person_in(network: Callable[[Pixels], Field]) -> Callable[[Pixels], Field | None]:
    def person(picture: Pixels) -> Field | None:
        mask = network(picture)
        if float((mask > PERSON_FROM).mean()) < LEAST_OF_PICTURE:
            return None
        sure = np.clip((mask - np.float32(UNSURE)) * np.float32(1.0 / (1.0 - 2 * UNSURE)), 0.0, 1.0)
        return cv2.resize(sure, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR)

    return person


def _faces_in(network: Callable[[Pixels], list[Face]]) -> Callable[[Pixels], Field | None]:
    def faces(picture: Pixels) -> Field | None:
        found = network(picture)
        return ellipses(found, picture.shape[1], picture.shape[0]) if found else None

    return faces


def ellipses(faces: list[Face], width: int, height: int) -> Field:
    """1 on each face from hairline to chin and ear to ear, 0 elsewhere, soft between, float32 `[height, width]`."""
    drawn = np.zeros((height, width), np.uint8)
    for face in faces:
        left, top, wide, high = face.box
        (rx, ry), (lx, ly) = face.eyes
        angle = math.degrees(math.atan2((ly - ry) * height, (lx - rx) * width))
        middle = (round((left + wide / 2) * width), round((top + high * 0.42) * height))
        axes = (max(1, round(wide * width * 0.56)), max(1, round(high * height * 0.74)))
        cv2.ellipse(drawn, middle, axes, angle, 0, 360, 255, -1)
    return cv2.blur(drawn, (5, 5)).astype(np.float32) * np.float32(1.0 / 255.0)
