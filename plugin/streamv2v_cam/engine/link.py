"""The host's end of one engine process: start it, feed it, hear it, watch its heart, end it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace

from streamv2v.config import StreamConfig

from ..frame import Frame
from ..store import Snapshot
from ..system.sheltered import shelter_tracker
from ..system.shrinking import shrunk_frames
from .free_memory import kills_for_memory
from .heartbeat import Heartbeat, Patience, processor_seconds
from .memory import EngineMemory
from .process import EngineProcess
from .protocol import Failure, FailureKind, FrameDone, Message, Notice, Ready, WorkerSpec
from .recovery import exit_failure
from .shared_frames import Record
from .views import Views

DEFAULT_ENTRY = "streamv2v_cam.engine.worker:main"
STOP_GRACE_S = 3.0
LOADING_GRACE_S = 0.3

log = logging.getLogger(__name__)


class EngineLink:
    """One engine process and everything that belongs to it; made anew for every start.

    Args:
        config: what the engine is built from; frames are brought to its size here.
        snapshot: live values to start with.
        entry: function that runs in the child.
        every_frame: True for a clip.
        ring_slots: frames each ring holds.
        threads: CPU threads of the engine, 0 for its own choice.
        threads_before: what it chose at its last start, 0 where there was none.
        fit: whether the engine may ask for a smaller choice where memory is short.
        patience: see there.
        process: a spare that waits for orders; None starts one.
    """

    def __init__(
        self,
        config: StreamConfig,
        snapshot: Snapshot,
        *,
        entry: str = DEFAULT_ENTRY,
        every_frame: bool = False,
        ring_slots: int = 4,
        threads: int = 0,
        threads_before: int = 0,
        fit: bool = True,
        patience: Patience | None = None,
        process: EngineProcess | None = None,
    ) -> None:
        self.config = config
        self.ready: Ready | None = None
        self.frames_done = 0
        self.dropped = 0
        self._taken = 0
        self._kills_before = kills_for_memory()
        self._lock = threading.Lock()
        self._views = Views()
        shelter_tracker()
        self._memory = EngineMemory.create(width=config.width, height=config.height, slots=ring_slots)
        self._sent_revision = snapshot.revision
        plan = self._memory.plan
        spec = WorkerSpec(
            entry,
            config,
            snapshot,
            plan,
            every_frame=every_frame,
            threads=threads,
            threads_before=threads_before,
            fit=fit,
        )
        try:
            child = process or EngineProcess(entry)
        except BaseException:
            # no handle or no process to be had: what was shared for it must not stay, try after try
            self._memory.close()
            raise
        self._frame_ready, self._messages, self._process = child.frame_ready, child.messages, child.process
        child.order(spec)
        # not through the link itself: its semaphore is to go with it at once, and not when garbage is looked for
        self._heart = Heartbeat(patience or Patience(), lambda: processor_seconds(child.process.pid))
        self._closed = False

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def threads(self) -> int:
        """With which it works, as it says; 0 before it is ready, and where it says nothing."""
        number = self.ready.facts.get("threads") if self.ready else None
        return number if isinstance(number, int) else 0

    def feed(self, frame: Frame) -> int:
        """Bring a frame to the engine's size and write it; returns its sequence number, 0 when closed."""
        pixels = shrunk_frames.of(frame, self.config.width, self.config.height)
        with self._lock:
            if self._closed:
                return 0
            self._views.note(frame)
            sequence = self._memory.frames_in.write(pixels, index=frame.index, stamp_s=frame.captured_at_s)
        self._frame_ready.release()
        return sequence

    def end_clip(self, last_sequence: int) -> None:
        """Say which frame is the clip's last."""
        self._memory.end_clip(last_sequence)
        self._frame_ready.release()

    def update(self, snapshot: Snapshot) -> None:
        """Give the engine the live values, where they are newer than what it has."""
        if snapshot.revision != self._sent_revision:
            self._memory.write_controls(snapshot)
            self._sent_revision = snapshot.revision

    def hear(self, timeout_s: float) -> Iterator[Message]:
        """Messages that have come, after waiting at most `timeout_s` for a first one.

        The last one of an engine that ended is a `Failure`, its own or one made from its exit code.
        """
        if self._closed:
            return
        try:
            while self._messages.poll(timeout_s):
                timeout_s = 0.0
                message: Message = self._messages.recv()
                self._note(message)
                yield message
        except (EOFError, OSError):
            self._process.join(STOP_GRACE_S)
            yield exit_failure(self._process.exitcode, for_memory=kills_for_memory() > self._kills_before)
            return
        except Exception as error:  # bytes that are no message may raise anything when they are read
            yield Failure(FailureKind.CRASH, f"the engine sent what is no message ({type(error).__name__})")
            return
        hang = self._hang()
        if hang is not None:
            yield hang

    def styled(self, *, after: int) -> tuple[int, Frame] | None:
        """The newest styled frame above sequence number `after`, tagged as the captured frame it shows."""
        return self._as_frame(self._memory.frames_out.newest(after=after))

    def styled_at(self, sequence: int) -> Frame | None:
        """The styled frame of that sequence number (clips)."""
        found = self._as_frame(self._memory.frames_out.at(sequence))
        return found[1] if found else None

    @property
    def styled_sequence(self) -> int:
        """Of the newest styled frame; 0 before the first."""
        return self._memory.frames_out.newest_sequence

    def close(self, *, at_once: bool = False) -> None:
        """End the process, by force after a few seconds, and remove the shared memory; safe to call twice.

        What cannot be put away is logged and left: whoever closes an engine has another one to start.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._memory.ask_stop()
        self._frame_ready.release()
        if not at_once:
            # one that is still loading has nothing to finish
            self._process.join(STOP_GRACE_S if self.ready else LOADING_GRACE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        for put_away in (self._messages.close, self._process.close, self._memory.close):
            try:
                put_away()
            except Exception:
                log.exception("something of an engine that has ended could not be put away")

    def _note(self, message: Message) -> None:
        self._heart.beat()
        if isinstance(message, Ready):
            self.ready = message
        elif isinstance(message, Notice):
            if self.ready is not None and message.facts is not None:
                self.ready = replace(self.ready, facts=message.facts)
        elif isinstance(message, FrameDone):
            self.dropped += max(0, message.taken - self._taken - 1)
            self._taken = message.taken
            self._heart.frame(message.engine_ms / 1000)
            self.frames_done += 1

    def _hang(self) -> Failure | None:
        silent_s = self._heart.silent_s(self._memory.heart_s)
        if silent_s is None:
            return None
        doing = "while it was loading" if self.ready is None else "in the middle of its work"
        return Failure(FailureKind.HANG, f"the engine does not answer: no sign of life for {silent_s:.0f} s {doing}")

    def _as_frame(self, record: Record | None) -> tuple[int, Frame] | None:
        if record is None:
            return None
        picture, source = self._memory.styled(record)
        return record.sequence, Frame(picture, record.index, record.stamp_s, source, self._views.of(record.index))
