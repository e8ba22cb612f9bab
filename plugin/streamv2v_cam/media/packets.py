"""The packets of a clip on one clock, whatever its own clock does; a clip that breaks off simply ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from .opening import may_leap, reason_of
from .timeline import Timeline

log = logging.getLogger(__name__)


class Packets:
    """Iterates over the packets of some streams, their times moved onto one clock.

    Args:
        container: opened for reading.
        streams: what is wanted of it; the first is the film.
        name: for people, as "clip 'a.ts'"; begins no message.
        quiet: say nothing, as of a clip that was read before.

    Attributes:
        broke_off: why reading ended before the end, in words; "" where it did not.
    """

    def __init__(self, container: Any, streams: Sequence[Any], *, name: str, quiet: bool = False) -> None:
        import av.error

        self._errors: Any = (av.error.FFmpegError, OSError, ValueError, IndexError)
        self._packets = container.demux(list(streams))
        self._timeline = Timeline(may_leap=may_leap(container))
        self._name, self._quiet = name, quiet
        self._count = 0
        self.broke_off = ""

    def __iter__(self) -> Iterator[Any]:
        while (packet := self._next()) is not None:
            self._count += 1
            self._place(packet)
            yield packet
        if self._timeline.seams and not self._quiet:
            log.warning(
                "The clock of the %s starts again or leaps %d %s on the way: its parts follow each other gaplessly.",
                self._name,
                self._timeline.seams,
                "time" if self._timeline.seams == 1 else "times",
            )

    def _next(self) -> Any:
        try:
            return next(self._packets, None)
        except self._errors as error:
            # what was read so far is worth more than a refusal after an hour's work; PyAV knows no stream that
            # appears on the way (IndexError)
            self.broke_off = reason_of(error)
            if self._count and not self._quiet:
                log.warning("The %s breaks off: %s.", self._name, self.broke_off)
            return None

    def _place(self, packet: Any) -> None:
        base = packet.time_base
        if not base or (packet.dts is None and packet.pts is None):
            return
        lasts = (packet.duration or 0) * base
        if not lasts and packet.stream.type == "video" and packet.stream.average_rate:
            lasts = Fraction(1 / packet.stream.average_rate)
        # only times of decoding grow from packet to packet; those of showing go back and forth
        time_s = None if packet.dts is None else packet.dts * base
        offset = round(self._timeline.offset_s(packet.stream.index, time_s, lasts) / base)
        if offset:
            packet.dts = None if packet.dts is None else packet.dts + offset
            packet.pts = None if packet.pts is None else packet.pts + offset
