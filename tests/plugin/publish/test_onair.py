"""What is on air, as a table of situations."""

from __future__ import annotations

from itertools import product

import pytest
from streamv2v_cam.airstate import AirState, EngineState, EngineStatus
from streamv2v_cam.publish.onair import Show, Situation, choose, outlives_hold

RUNNING = EngineStatus(EngineState.RUNNING)
LOADING = EngineStatus(EngineState.STARTING, "", "reading the U-Net, 40 %")
RESTARTING = EngineStatus(EngineState.RESTARTING, "The engine was killed (signal 9).")
FAILED = EngineStatus(EngineState.FAILED, "The model has no U-Net.")
UNPLUGGED = "Camera 'C920' is not plugged in."


def situation(mode: str = "effect", engine: EngineStatus = RUNNING, **parts: object) -> Situation:
    known = dict(styled_age_s=0.05, raw_age_s=0.02, camera_lost=None)
    return Situation(mode=mode, engine=engine, **{**known, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "state", "show"),
    [
        # all is well, fast or slow
        (situation(), AirState.LIVE, Show.STYLED),
        (situation(styled_age_s=9.0), AirState.LIVE, Show.STYLED),
        # beginnings
        (situation(engine=LOADING, styled_age_s=None, raw_age_s=None), AirState.STARTING, Show.SLATE),
        (situation(engine=LOADING, styled_age_s=None), AirState.STARTING, Show.SLATE),
        (situation(styled_age_s=None), AirState.STARTING, Show.SLATE),
        (situation(styled_age_s=None, raw_age_s=None), AirState.STARTING, Show.SLATE),
        # the engine goes away: held for a moment, then the slate
        (situation(engine=RESTARTING, styled_age_s=0.9), AirState.ENGINE_RESTARTING, Show.STYLED),
        (situation(engine=RESTARTING, styled_age_s=1.1), AirState.ENGINE_RESTARTING, Show.SLATE),
        (situation(engine=RESTARTING, styled_age_s=1.1, hold_s=2.0), AirState.ENGINE_RESTARTING, Show.STYLED),
        (situation(engine=FAILED, styled_age_s=None), AirState.ENGINE_RESTARTING, Show.SLATE),
        # the camera goes away
        (situation(camera_lost=UNPLUGGED, styled_age_s=0.5), AirState.CAMERA_LOST, Show.STYLED),
        (situation(camera_lost=UNPLUGGED, styled_age_s=1.5), AirState.CAMERA_LOST, Show.SLATE),
        (situation(camera_lost=UNPLUGGED, engine=LOADING, styled_age_s=None), AirState.CAMERA_LOST, Show.SLATE),
        # the camera's own picture, where the user allowed it
        (situation(engine=LOADING, styled_age_s=None, fallback_raw=True), AirState.STARTING, Show.RAW),
        (situation(engine=RESTARTING, styled_age_s=2.0, fallback_raw=True), AirState.ENGINE_RESTARTING, Show.RAW),
        (
            situation(engine=RESTARTING, styled_age_s=2.0, raw_age_s=3.0, fallback_raw=True),
            AirState.ENGINE_RESTARTING,
            Show.SLATE,
        ),
        (situation(camera_lost=UNPLUGGED, styled_age_s=2.0, fallback_raw=True), AirState.CAMERA_LOST, Show.SLATE),
        # the user's own states
        (situation("bypass"), AirState.BYPASS, Show.RAW),
        (situation("bypass", engine=RESTARTING, styled_age_s=None), AirState.BYPASS, Show.RAW),
        (situation("bypass", raw_age_s=None), AirState.STARTING, Show.SLATE),
        (situation("bypass", camera_lost=UNPLUGGED, raw_age_s=0.5), AirState.CAMERA_LOST, Show.RAW),
        (situation("bypass", camera_lost=UNPLUGGED, raw_age_s=4.0), AirState.CAMERA_LOST, Show.SLATE),
        (situation("freeze", has_frozen=True), AirState.FREEZE, Show.FROZEN),
        (situation("freeze", has_frozen=True, engine=RESTARTING, camera_lost=UNPLUGGED), AirState.FREEZE, Show.FROZEN),
        (situation("freeze"), AirState.LIVE, Show.STYLED),
        (situation("privacy"), AirState.PRIVACY, Show.COVER),
        (situation("privacy", has_frozen=True, fallback_raw=True), AirState.PRIVACY, Show.COVER),
    ],
)
def test_each_situation_has_its_picture_and_state(now: Situation, state: AirState, show: Show) -> None:
    decision = choose(now)
    assert (decision.state, decision.show) == (state, show)


def every_situation() -> list[Situation]:
    ages = (None, 0.1, 5.0)
    engines = [EngineStatus(state) for state in EngineState]
    parts = product(
        ("effect", "bypass", "freeze", "privacy"), engines, ages, ages, (None, UNPLUGGED), (False, True), (False, True)
    )
    return [
        Situation(mode, engine, styled, raw, lost, has_frozen=frozen, fallback_raw=fallback)
        for mode, engine, styled, raw, lost, frozen, fallback in parts
    ]


def test_the_raw_picture_appears_only_where_the_user_chose_it() -> None:
    shown = [now for now in every_situation() if choose(now).show is Show.RAW]
    assert shown
    assert all(now.mode == "bypass" or (now.fallback_raw and now.mode != "privacy") for now in shown)


def test_privacy_beats_everything_and_shows_no_reason() -> None:
    for now in every_situation():
        if now.mode == "privacy":
            decision = choose(now)
            assert (decision.show, decision.reason, decision.progress) == (Show.COVER, "", "")


def test_no_situation_asks_for_a_picture_that_is_not_there() -> None:
    for now in every_situation():
        show = choose(now).show
        assert show is not Show.STYLED or now.styled_age_s is not None
        assert show is not Show.RAW or now.raw_age_s is not None
        assert show is not Show.FROZEN or now.has_frozen


def test_the_slate_says_why_and_how_far() -> None:
    assert choose(situation(engine=RESTARTING, styled_age_s=None)).reason == RESTARTING.reason
    assert choose(situation(engine=LOADING, styled_age_s=None)).progress == LOADING.progress
    assert choose(situation(camera_lost=UNPLUGGED, styled_age_s=None)).reason == UNPLUGGED


def test_what_a_running_engine_has_to_say_is_told_and_costs_no_picture() -> None:
    compiling = EngineStatus(EngineState.RUNNING, "running 1 slot instead of 2", "compiling the decoder (1 of 3)")
    decision = choose(situation(engine=compiling))
    assert (decision.state, decision.show) == (AirState.LIVE, Show.STYLED)
    assert (decision.reason, decision.progress) == (compiling.reason, compiling.progress)


def test_only_an_engine_that_gave_up_promises_nothing() -> None:
    assert choose(situation(engine=FAILED, styled_age_s=None)).given_up
    assert not choose(situation(engine=RESTARTING, styled_age_s=None)).given_up


@pytest.mark.parametrize(
    ("now", "spent"),
    [
        (situation(styled_age_s=9.0), False),
        (situation(engine=RESTARTING, styled_age_s=0.5), False),
        (situation(engine=RESTARTING, styled_age_s=1.5), True),
        (situation("bypass", engine=RESTARTING, styled_age_s=1.5), True),
        (situation(camera_lost=UNPLUGGED, styled_age_s=1.5), True),
        (situation(engine=RESTARTING, styled_age_s=None), False),
    ],
)
def test_a_frame_from_before_an_outage_is_spent_after_its_hold(now: Situation, spent: bool) -> None:
    assert outlives_hold(now) is spent
