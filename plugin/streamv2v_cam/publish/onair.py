"""What is on air: a pure decision over what is there at one beat."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..airstate import AirState, EngineState, EngineStatus

NOBODY = "Nobody watches: camera and engine rest."


class Show(Enum):
    """Which picture a decision asks for."""

    STYLED = "styled"
    RAW = "raw"
    FROZEN = "frozen"
    SLATE = "slate"
    COVER = "cover"


@dataclass(frozen=True)
class Decision:
    """What to show in which state; reason and progress are for slate and page.

    `given_up` tells an outage that will not end by itself from one that will.
    """

    state: AirState
    show: Show
    reason: str = ""
    progress: str = ""
    given_up: bool = False


@dataclass(frozen=True)
class Situation:
    """Everything the decision looks at.

    Attributes:
        mode: "effect", "bypass", "freeze" or "privacy", the user's choice.
        engine: the engine's state, reason and progress.
        styled_age_s: since the newest styled frame came; None when there is none, or only one from
            before an outage that has outlived its hold.
        raw_age_s: since the newest captured frame was taken; None when there is none.
        camera_lost: why there is no camera picture; None while there is one.
        has_frozen: a picture was on air when freeze began.
        hold_s: how long the last picture is held when nothing new comes.
        fallback_raw: the user allows the camera's own picture while the engine is away.
        resting: camera and engine rest, because nobody watches.
    """

    mode: str
    engine: EngineStatus
    styled_age_s: float | None
    raw_age_s: float | None
    camera_lost: str | None
    has_frozen: bool = False
    hold_s: float = 1.0
    fallback_raw: bool = False
    resting: bool = False


def choose(now: Situation) -> Decision:
    """The picture and the state for this beat.

    Privacy beats everything; freeze repeats what was on air; a rest shows nothing of before; the raw
    picture appears in bypass, or when the user allowed it as a stand-in, and never otherwise. A slow
    engine is no outage: while it runs and the camera gives pictures, its last frame stays on air however
    old it is.
    """
    if now.mode == "privacy":
        return Decision(AirState.PRIVACY, Show.COVER)
    if now.mode == "freeze" and now.has_frozen:
        return Decision(AirState.FREEZE, Show.FROZEN)
    if now.resting:
        return Decision(AirState.RESTING, Show.SLATE, NOBODY)
    if now.mode == "bypass":
        return _bypass(now)
    outage = outage_of(now)
    if now.styled_age_s is not None and (outage is None or now.styled_age_s <= now.hold_s):
        if outage is None:
            # an engine that runs may still have something to say: that it compiles, or runs smaller than asked
            return Decision(AirState.LIVE, Show.STYLED, now.engine.reason, now.engine.progress)
        return Decision(outage.state, Show.STYLED, outage.reason, outage.progress)
    if outage is None:
        waiting = "Waiting for the camera." if now.raw_age_s is None else "The first styled picture is on its way."
        outage = Decision(AirState.STARTING, Show.SLATE, waiting)
    if now.fallback_raw and now.camera_lost is None and _is_fresh(now.raw_age_s, now.hold_s):
        return Decision(outage.state, Show.RAW, outage.reason, outage.progress)
    return outage


def outage_of(now: Situation) -> Decision | None:
    """What keeps styled frames from coming, as the slate that would say so; None when nothing does."""
    if now.camera_lost is not None:
        return Decision(AirState.CAMERA_LOST, Show.SLATE, now.camera_lost)
    engine = now.engine
    if engine.state is EngineState.RUNNING:
        return None
    state = AirState.STARTING if engine.state is EngineState.STARTING else AirState.ENGINE_RESTARTING
    given_up = engine.state in (EngineState.FAILED, EngineState.STOPPED)
    return Decision(state, Show.SLATE, engine.reason, engine.progress, given_up)


def outlives_hold(now: Situation) -> bool:
    """Whether the last styled frame is from before an outage and has been held long enough."""
    return now.styled_age_s is not None and now.styled_age_s > now.hold_s and outage_of(now) is not None


def _bypass(now: Situation) -> Decision:
    if now.raw_age_s is not None and (now.camera_lost is None or now.raw_age_s <= now.hold_s):
        return Decision(AirState.BYPASS if now.camera_lost is None else AirState.CAMERA_LOST, Show.RAW)
    if now.camera_lost is not None:
        return Decision(AirState.CAMERA_LOST, Show.SLATE, now.camera_lost)
    return Decision(AirState.STARTING, Show.SLATE, "Waiting for the camera.")


def _is_fresh(age_s: float | None, hold_s: float) -> bool:
    return age_s is not None and age_s <= hold_s
