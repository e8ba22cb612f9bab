"""How the presenter moves: every pose is a plain function of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

WAVE_EVERY_S, WAVE_FOR_S = 11.0, 3.4
BLINK_EVERY_S, BLINK_FOR_S = 3.3, 0.20
PHRASE_S = 5.2


@dataclass(frozen=True)
class Pose:
    """One moment.

    Attributes:
        sway, bob: of the head, in design pixels to the right and down.
        turn, nod: of the face, -1..1 to the right and down.
        tilt: of the head, in degrees.
        breath: 0..1.
        mouth: how far it is open, 0..1; `round_mouth` how round, 0..1.
        lids: how far the eyes are closed, 0..1.
        gaze: of the eyes, -1..1 to the right.
        brows: how far they are raised, 0..1.
        wave: how far the arm is raised, 0..1; `wave_turn` its angle in degrees.
    """

    sway: float
    bob: float
    turn: float
    nod: float
    tilt: float
    breath: float
    mouth: float
    round_mouth: float
    lids: float
    gaze: float
    brows: float
    wave: float
    wave_turn: float


def pose_at(t_s: float) -> Pose:
    """The presenter's pose `t_s` seconds after the beginning."""
    voice = _speaks(t_s)
    beat = math.sin(2 * math.pi * 2.05 * t_s) * voice
    phase = t_s % WAVE_EVERY_S - 2.0
    wave = _ease(phase / 0.6) * _ease((WAVE_FOR_S - phase) / 0.6)
    return Pose(
        sway=26 * math.sin(0.61 * t_s) + 9 * math.sin(1.7 * t_s + 1),
        bob=5 * math.sin(1.13 * t_s) + 3.5 * beat,
        turn=0.75 * math.sin(0.47 * t_s + 0.6) + 0.2 * math.sin(1.9 * t_s),
        nod=0.35 * math.sin(0.83 * t_s) + 0.35 * beat,
        tilt=3.2 * math.sin(0.53 * t_s + 2) + 1.2 * math.sin(2.1 * t_s),
        breath=0.5 + 0.5 * math.sin(2 * math.pi * 0.27 * t_s),
        mouth=voice * (0.5 + 0.5 * math.sin(2 * math.pi * 3.3 * t_s + 1.6 * math.sin(4.1 * t_s))),
        round_mouth=0.5 + 0.5 * math.sin(2 * math.pi * 1.3 * t_s + 0.8),
        lids=_blink(t_s),
        gaze=_ease(math.sin(0.9 * t_s) * 3) * 1.2 - 0.6,
        brows=_ease(2 * math.sin(0.7 * t_s + 1.0)) * 0.8,
        wave=wave,
        wave_turn=6 + 13 * math.sin(2 * math.pi * 1.6 * t_s),
    )


def _speaks(t_s: float) -> float:
    """1 while a phrase is spoken, 0 in the pause after it."""
    phase = t_s % PHRASE_S
    return _ease(phase / 0.25) * _ease((PHRASE_S - 1.1 - phase) / 0.3)


def _blink(t_s: float) -> float:
    """A blink about every three seconds, now and then a double one."""
    number = math.floor(t_s / BLINK_EVERY_S)
    begin_s = number * BLINK_EVERY_S + 1.2 + 0.9 * math.sin(number * 12.9)
    closed = 0.0
    for start_s in (begin_s, begin_s + 0.34) if number % 3 == 2 else (begin_s,):
        along = (t_s - start_s) / BLINK_FOR_S
        if 0 <= along <= 1:
            closed = max(closed, math.sin(math.pi * along) ** 0.6)
    return closed


def _ease(along: float) -> float:
    """0 below 0, 1 above 1, smooth between."""
    along = min(1.0, max(0.0, along))
    return along * along * (3 - 2 * along)
