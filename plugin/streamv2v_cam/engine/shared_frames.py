"""Pictures and small messages between two processes in shared memory: newest wins, nobody waits for a lock.

A killed process cannot keep anything: the only writer of a ring marks a slot with the sequence number
before and after it fills it, and a reader copies and looks again (a sequence lock). A torn copy is
thrown away and the next newest is read.

Layout of a ring, in 64-bit words: newest sequence number, then `slots` times a slot header
(sequence before, sequence after, payload bytes, index, stamp, three spare) and the payload.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD_BYTES = 8
HEADER_WORDS = 8
_BEFORE, _AFTER, _SIZE, _INDEX, _STAMP = range(5)
_READ_TRIES = 16


@dataclass(frozen=True)
class Record:
    """One slot as it was read.

    Attributes:
        sequence: counts up by one per write, from 1.
        index: number of the frame, or whatever the writer counts.
        stamp_s: `time.monotonic()` that belongs to it (the capture time of a frame).
        payload: a copy, uint8 `[bytes]`.
    """

    sequence: int
    index: int
    stamp_s: float
    payload: NDArray[np.uint8]


class SharedRing:
    """A ring of equal slots over shared bytes, for one writer and one reader.

    Args:
        area: the bytes, at least `bytes_needed(...)`, zeroed when new.
        slots: three or more: one being written, one being read, one newest.
        payload_bytes: most bytes of one payload.
    """

    def __init__(self, area: memoryview, *, slots: int, payload_bytes: int) -> None:
        self.slots = slots
        self.payload_bytes = payload_bytes
        self._stride_words = HEADER_WORDS + -(-payload_bytes // WORD_BYTES)
        self._area = area[: self.bytes_needed(slots=slots, payload_bytes=payload_bytes)]
        # memoryview items of 8 bytes are stored with one machine store, struct.pack_into's are not
        self._words = self._area.cast("Q")
        self._stamps = self._area.cast("d")
        self._fence_lock = threading.Lock()

    @staticmethod
    def bytes_needed(*, slots: int, payload_bytes: int) -> int:
        return WORD_BYTES * (1 + slots * (HEADER_WORDS + -(-payload_bytes // WORD_BYTES)))

    @property
    def newest_sequence(self) -> int:
        """Sequence number of the newest complete slot; 0 before the first write."""
        return self._words[0]

    def write(self, payload: NDArray[np.uint8] | bytes, *, index: int = 0, stamp_s: float = 0.0) -> int:
        """Fill the oldest slot and make it the newest; returns its sequence number."""
        data = np.frombuffer(payload, np.uint8) if isinstance(payload, bytes) else payload.reshape(-1)
        if data.nbytes > self.payload_bytes:
            raise ValueError(f"A payload of {data.nbytes} bytes does not fit a slot of {self.payload_bytes}.")
        sequence = self._words[0] + 1
        header = self._header(sequence)
        self._words[header + _BEFORE] = sequence
        self._fence()
        self._words[header + _SIZE] = data.nbytes
        self._words[header + _INDEX] = index
        self._stamps[header + _STAMP] = stamp_s
        self._payload(header, data.nbytes)[:] = data
        self._fence()
        self._words[header + _AFTER] = sequence
        self._words[0] = sequence
        return sequence

    def at(self, sequence: int) -> Record | None:
        """A copy of the slot written as `sequence`; None when it is not there (yet, or any more), or torn."""
        header = self._header(sequence)
        if self._words[header + _AFTER] != sequence or self._words[header + _BEFORE] != sequence:
            return None
        self._fence()
        size = min(self._words[header + _SIZE], self.payload_bytes)
        index, stamp_s = self._words[header + _INDEX], self._stamps[header + _STAMP]
        payload = self._payload(header, size).copy()
        self._fence()
        if self._words[header + _BEFORE] != sequence:
            return None
        return Record(sequence, index, stamp_s, payload)

    def newest(self, *, after: int = 0) -> Record | None:
        """A copy of the newest slot when its sequence number is above `after`; None when there is none."""
        for _ in range(_READ_TRIES):
            sequence = self._words[0]
            if sequence <= after:
                return None
            record = self.at(sequence)
            if record is not None:
                return record
        return None

    def release(self) -> None:
        """Let go of the bytes, so that their owner can close them."""
        for view in (self._words, self._stamps, self._area):
            view.release()

    def _header(self, sequence: int) -> int:
        return 1 + (sequence % self.slots) * self._stride_words

    def _payload(self, header: int, size: int) -> NDArray[np.uint8]:
        offset = (header + HEADER_WORDS) * WORD_BYTES
        return np.frombuffer(self._area, np.uint8, count=size, offset=offset)

    def _fence(self) -> None:
        # ARM reorders plain stores; taking and leaving a lock orders them there and costs 0.1 us here
        with self._fence_lock:
            pass
