"""One clock for a clip whose own clock starts again or leaps: joined and cut streams. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

LEAST_FALL_S = Fraction(1, 4)
"""A clock that falls by less is disorder within a stream, and no seam."""
LEAST_LEAP_S = Fraction(10)
"""A leap that is a seam in containers whose clock may leap (transport streams)."""
LEAST_LEAP_ELSEWHERE_S = Fraction(30 * 3600)


@dataclass
class _Track:
    """One stream's place: its segment, and its newest time and end on the clip's own clock."""

    segment: int = 0
    newest_s: Fraction | None = None
    end_s: Fraction = Fraction(0)


class Timeline:
    """Says by how much each packet's time has to be moved.

    Every stream crosses a seam at its own packet. The first that does so says where the new segment begins,
    and all others follow it, so that picture and sound stay as they were to each other.

    Args:
        may_leap: whether the container's clock may leap forward.

    Attributes:
        seams: how many there were.
    """

    def __init__(self, *, may_leap: bool) -> None:
        self._leap_s = LEAST_LEAP_S if may_leap else LEAST_LEAP_ELSEWHERE_S
        self._offsets_s = [Fraction(0)]
        self._tracks: dict[int, _Track] = {}

    @property
    def seams(self) -> int:
        return len(self._offsets_s) - 1

    def offset_s(self, stream: int, time_s: Fraction | None, duration_s: Fraction) -> Fraction:
        """Seconds to add to the times of a packet.

        Args:
            stream: its number.
            time_s: its decoding time; None where it has none, and stays in its stream's segment.
            duration_s: how long it lasts; 0 where that is not known.
        """
        track = self._tracks.setdefault(stream, _Track())
        if time_s is None:
            return self._offsets_s[track.segment]
        if track.newest_s is not None:
            fell = time_s < track.newest_s - LEAST_FALL_S
            leapt = time_s > max(track.end_s, track.newest_s) + self._leap_s
            if fell or leapt:
                self._cross(track, time_s)
        track.newest_s = time_s
        track.end_s = time_s + duration_s
        return self._offsets_s[track.segment]

    def _cross(self, track: _Track, time_s: Fraction) -> None:
        offset_s = self._offsets_s[track.segment]
        track.segment += 1
        if track.segment == len(self._offsets_s):
            self._offsets_s.append(track.end_s + offset_s - time_s)
