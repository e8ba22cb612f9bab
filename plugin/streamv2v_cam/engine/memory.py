"""The one shared-memory segment between the host and one engine process.

In it: the heart (a stamp the engine's main loop beats), the order to stop, the number of the last frame
of a clip, and three rings: frames in, frames out, live values. Nothing that the host writes can block it,
whatever the engine does.
"""

from __future__ import annotations

import atexit
import pickle
import shutil
import time
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import EngineError
from ..frame import Pixels
from ..store import Snapshot
from .shared_frames import WORD_BYTES, Record, SharedRing

CONTROL_BYTES = 3 << 19
"""Room for one pickled snapshot: nine reference pictures of 147 kB and ten texts of 1000 characters, at most 40 kB."""
_CONTROL_SLOTS = 3
_FACT_WORDS = 8
_HEART, _STOP, _LAST = range(3)


@dataclass(frozen=True)
class MemoryPlan:
    """What both sides must know to find their way in the segment.

    Attributes:
        name: of the segment; empty before it was created.
        width, height: picture inside the engine, px.
        slots: of each frame ring.
    """

    name: str
    width: int
    height: int
    slots: int = 4

    @property
    def frame_bytes(self) -> int:
        return self.width * self.height * 3

    @property
    def frames_in_bytes(self) -> int:
        return SharedRing.bytes_needed(slots=self.slots, payload_bytes=self.frame_bytes)

    @property
    def frames_out_bytes(self) -> int:
        """Beside each styled picture lies the frame it was made of."""
        return SharedRing.bytes_needed(slots=self.slots, payload_bytes=2 * self.frame_bytes)

    @property
    def control_ring_bytes(self) -> int:
        return SharedRing.bytes_needed(slots=_CONTROL_SLOTS, payload_bytes=CONTROL_BYTES)

    @property
    def total_bytes(self) -> int:
        return _FACT_WORDS * WORD_BYTES + self.frames_in_bytes + self.frames_out_bytes + self.control_ring_bytes


class EngineMemory:
    """Either side's view of the segment; `create` in the host, `attach` in the engine process."""

    def __init__(self, segment: SharedMemory, plan: MemoryPlan, *, owner: bool) -> None:
        self.plan = plan
        self._segment = segment
        self._owner = owner
        assert segment.buf is not None
        whole = memoryview(segment.buf)
        start = _FACT_WORDS * WORD_BYTES
        self._facts = whole[:start]
        self._words = self._facts.cast("Q")
        self._stamps = self._facts.cast("d")
        areas = [
            whole[start + skipped :]
            for skipped in (0, plan.frames_in_bytes, plan.frames_in_bytes + plan.frames_out_bytes)
        ]
        self.frames_in = SharedRing(areas[0], slots=plan.slots, payload_bytes=plan.frame_bytes)
        self.frames_out = SharedRing(areas[1], slots=plan.slots, payload_bytes=2 * plan.frame_bytes)
        self._controls = SharedRing(areas[2], slots=_CONTROL_SLOTS, payload_bytes=CONTROL_BYTES)
        self._views = [*areas, whole]
        self._controls_seen = 0
        self._closed = False

    @classmethod
    def create(cls, *, width: int, height: int, slots: int = 4) -> EngineMemory:
        blank = MemoryPlan("", width, height, slots)
        _check_room(blank.total_bytes)
        try:
            segment = SharedMemory(create=True, size=blank.total_bytes)
        except OSError as error:
            raise EngineError(f"The shared memory for the frames cannot be had: {error.strerror}.") from None
        # a run that ends in the middle of a start has nobody left to close it, and the system keeps what is not removed
        memory = cls(segment, MemoryPlan(segment.name, width, height, slots), owner=True)
        atexit.register(memory.close)
        return memory

    @classmethod
    def attach(cls, plan: MemoryPlan) -> EngineMemory:
        # a spawned child shares the host's resource tracker, so its registering again changes nothing
        return cls(SharedMemory(name=plan.name), plan, owner=False)

    def beat(self) -> None:
        """Say that the main loop is alive (engine side)."""
        self._stamps[_HEART] = time.monotonic()

    @property
    def heart_s(self) -> float:
        """`time.monotonic()` of the last beat; 0 before the first."""
        return self._stamps[_HEART]

    @property
    def stop(self) -> bool:
        """True once the host wants the engine to end."""
        return bool(self._words[_STOP])

    def ask_stop(self) -> None:
        self._words[_STOP] = 1

    @property
    def last_sequence(self) -> int:
        """Sequence number of a clip's last frame; 0 while it is not known."""
        return self._words[_LAST]

    def end_clip(self, last_sequence: int) -> None:
        self._words[_LAST] = last_sequence

    def write_controls(self, snapshot: Snapshot) -> None:
        """Make `snapshot` the newest one (host side)."""
        self._controls.write(pickle.dumps(snapshot), index=snapshot.revision)

    def newer_controls(self) -> Snapshot | None:
        """The newest snapshot not read before (engine side); None when there is none."""
        record = self._controls.newest(after=self._controls_seen)
        if record is None:
            return None
        self._controls_seen = record.sequence
        return pickle.loads(record.payload.tobytes())

    def picture(self, record: Record) -> Pixels:
        """The record's payload as RGB uint8 `[height, width, 3]`."""
        shaped: NDArray[np.uint8] = record.payload.reshape(self.plan.height, self.plan.width, 3)
        return shaped

    def write_styled(self, picture: Pixels, source: NDArray[np.uint8], *, index: int, stamp_s: float) -> int:
        """Hand out a styled picture and the frame it was made of, both at the engine's size (engine side).

        Returns:
            Its sequence number in the ring of frames out.
        """
        both = np.concatenate((picture.reshape(-1), source.reshape(-1)))
        return self.frames_out.write(both, index=index, stamp_s=stamp_s)

    def styled(self, record: Record) -> tuple[Pixels, Pixels]:
        """A record of frames out as styled picture and source, RGB uint8 `[height, width, 3]` each."""
        shaped: NDArray[np.uint8] = record.payload.reshape(2, self.plan.height, self.plan.width, 3)
        return shaped[0], shaped[1]

    def close(self) -> None:
        """Let go of the segment, and in the host remove it; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for ring in (self.frames_in, self.frames_out, self._controls):
            ring.release()
        for view in (self._words, self._stamps, self._facts, *self._views):
            view.release()
        self._segment.close()
        if self._owner:
            atexit.unregister(self.close)
            try:
                self._segment.unlink()
            except FileNotFoundError:
                # somebody has swept it away; Python would look for it at the end of the program, and complain
                resource_tracker.unregister(f"/{self._segment.name}", "shared_memory")


def _check_room(wanted_bytes: int) -> None:
    # Linux gives out shared memory before it has it; the first write to what is not there kills the process
    folder = Path("/dev/shm")
    if folder.is_dir() and (free_bytes := shutil.disk_usage(folder).free) < wanted_bytes:
        raise EngineError(
            f"The frames need {wanted_bytes >> 20} MB of shared memory and {folder} has {free_bytes >> 20} MB free. "
            "Make it larger (in a container: --shm-size=256m) or choose a smaller engine size."
        )
