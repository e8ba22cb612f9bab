"""What happened between two looks, in words; and the ring that keeps it."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from streamv2v_cam.airstate import AirState, EngineState, EngineStatus
from streamv2v_cam.run.history import EVENTS, LENGTH, NAMES, PERIOD_S, History
from streamv2v_cam.run.news import Sight, news
from streamv2v_cam.telemetry import Telemetry

RUNNING = EngineStatus(EngineState.RUNNING)
KILLED = EngineStatus(EngineState.RESTARTING, "the engine was killed (signal 9, Killed); restarting")
LIVE = Sight(AirState.LIVE, engine=RUNNING)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (Sight(), replace(LIVE, state=AirState.STARTING), ["Starting: viewers see a card that says so."]),
        (replace(LIVE, state=AirState.STARTING), LIVE, ["Live: viewers see the look."]),
        (LIVE, LIVE, []),
        (LIVE, replace(LIVE, state=AirState.PRIVACY), ["Privacy: the picture is covered."]),
        (
            LIVE,
            replace(LIVE, state=AirState.CAMERA_LOST, camera_lost="Camera 'C920' is not plugged in."),
            ["Camera lost: Camera 'C920' is not plugged in."],
        ),
        (replace(LIVE, camera_lost="gone"), LIVE, ["The camera is back."]),
        (
            replace(LIVE, state=AirState.PRIVACY),
            replace(LIVE, state=AirState.PRIVACY, engine=KILLED, restarts=1),
            ["The engine ended and is started again: The engine was killed (signal 9, Killed); restarting."],
        ),
        (replace(LIVE, engine=KILLED, restarts=1), replace(LIVE, restarts=1), ["The engine draws again."]),
        (
            LIVE,
            replace(LIVE, engine=EngineStatus(EngineState.FAILED, "it has no U-Net")),
            ["The engine cannot go on: It has no U-Net."],
        ),
        (LIVE, replace(LIVE, lost={"node": "The node is gone."}), ["Output lost: The node is gone."]),
        (
            replace(LIVE, lost={"node": "gone"}, outputs=frozenset({"node"})),
            replace(LIVE, outputs=frozenset({"node"})),
            ["The output is back: node."],
        ),
        (replace(LIVE, lost={"a.mp4": "The disk is full."}, outputs=frozenset({"a.mp4"})), LIVE, []),
        (
            replace(LIVE, lost={"a.mp4": "full"}, given_up=frozenset({"a.mp4"}), outputs=frozenset({"a.mp4"})),
            replace(LIVE, outputs=frozenset({"b.mp4"})),
            [],
        ),
        (
            replace(LIVE, lost={"camera": "not there"}, outputs=frozenset({"camera"})),
            replace(LIVE, outputs=frozenset({"virtual camera 'StreamV2V'"})),
            ["The output is back: camera."],
        ),
        (
            LIVE,
            replace(LIVE, refusal=3, refused="“a zombie” names no look."),
            ["Prompt refused: “a zombie” names no look."],
        ),
        (replace(LIVE, refusal=3), replace(LIVE, refusal=0), []),
        (LIVE, replace(LIVE, recording=("recording", "a.mp4")), ["Recording to a.mp4."]),
        (
            replace(LIVE, recording=("finishing", "a.mp4")),
            replace(LIVE, recording=("off", "a.mp4")),
            ["Recorded: a.mp4."],
        ),
        (LIVE, replace(LIVE, recording=("lost", "No space left")), ["The recording was lost: No space left."]),
        (LIVE, replace(LIVE, state=AirState.RESTING), ["Nobody watches: camera and engine rest."]),
        (replace(LIVE, state=AirState.RESTING), replace(LIVE, state=AirState.STARTING), []),
        (
            replace(LIVE, state=AirState.CAMERA_LOST, camera_lost="not plugged in"),
            replace(LIVE, state=AirState.RESTING),
            ["Nobody watches: camera and engine rest."],
        ),
        (
            replace(LIVE, state=AirState.PRIVACY, camera_lost="not plugged in"),
            replace(LIVE, state=AirState.PRIVACY, camera_rests=True),
            [],
        ),
        (
            replace(LIVE, recording=("recording", "b.mp4")),
            replace(LIVE, recording=("recording", "b.mp4"), losses=(("a.mp4", "the disk is full"),)),
            ["The recording a.mp4 was lost: The disk is full."],
        ),
        (
            replace(LIVE, recording=("recording", "a.mp4")),
            replace(LIVE, recording=("recording", "b.mp4")),
            ["Recording to b.mp4."],
        ),
    ],
)
def test_what_happened_is_told_once_and_in_a_sentence(before: Sight, now: Sight, said: list[str]) -> None:
    assert [event.text for event in news(before, now)] == said


class Show:
    """A history of a run that a test steers, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s, self.sight, self.pid = 100.0, LIVE, os.getpid()
        self.telemetry = Telemetry(clock=lambda: self.now_s)
        self.history = History(lambda: self.sight, self.telemetry.snapshot, lambda: self.pid, clock=lambda: self.now_s)

    def go_on(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 0.5
            self.history.look()


def test_a_page_that_is_opened_later_sees_the_past_and_asks_for_what_is_new_only() -> None:
    show = Show()
    show.go_on(10)
    show.telemetry.published(None, repeated=True, late=3)
    show.sight = replace(LIVE, state=AirState.CAMERA_LOST, camera_lost="unplugged")
    show.go_on(4)
    told = show.history.told()
    assert told["number"] == 7 and told["period_s"] == PERIOD_S
    assert told["state"] == ["live"] * 5 + ["camera lost"] * 2
    assert told["late"] == [0, 0, 0, 0, 0, 3, 0]
    assert told["motion_ms"] == [None] * 7
    assert told["host_mb"][-1] > 0 and told["engine_mb"][-1] > 0
    assert [(event["age_s"], event["kind"], event["text"]) for event in told["events"]] == [
        (13.5, "good", "Live: viewers see the look."),
        (3.5, "bad", "Camera lost: Unplugged."),
    ]
    newer = show.history.told(5)
    assert [len(newer[name]) for name in ("state", *NAMES)] == [2] * (1 + len(NAMES))
    assert show.history.told(7)["state"] == []
    assert len(show.history.told(900)["state"]) == 7, "a page that knows more has it from an earlier run"


def test_the_past_is_bounded_and_an_engine_that_is_away_takes_no_memory() -> None:
    show = Show()
    show.pid = 2**22 + 5
    for number in range(EVENTS + 3):
        show.sight = replace(LIVE, refusal=number + 1, refused=f"refusal {number}")
        show.go_on(PERIOD_S * (LENGTH + 20) / (EVENTS + 3))
    told = show.history.told()
    assert len(told["state"]) == len(told["late"]) == LENGTH and told["number"] > LENGTH
    assert [event["text"][-3:] for event in told["events"]] == [f"{n:>2}." for n in range(3, EVENTS + 3)]
    assert told["engine_mb"][-1] is None


def test_a_time_in_which_the_program_stood_still_is_a_gap_of_its_length() -> None:
    show = Show()
    show.go_on(4)
    show.now_s += 300
    show.history.look()
    told = show.history.told()
    assert told["state"] == ["live"] * 2 + [""] * 149 + ["live"] and told["number"] == 152
    assert told["late"][2:-1] == [None] * 149 and told["age_s"] == 0
    show.now_s += 86_400
    show.history.look()
    assert show.history.told()["state"] == [""] * (LENGTH - 1) + ["live"]


def test_a_camera_that_is_away_for_two_reasons_in_turn_pushes_nothing_else_out_of_the_last_events() -> None:
    show = Show()
    show.sight = replace(LIVE, recording=("recording", "a.mp4"))
    show.go_on(1)
    for number in range(3 * EVENTS):
        show.sight = replace(show.sight, camera_lost=("busy", "not plugged in")[number % 2])
        show.go_on(1)
    show.sight = replace(show.sight, camera_lost=None)
    show.go_on(1)
    show.sight = replace(show.sight, camera_lost="busy")
    show.go_on(1)
    assert [(event["age_s"], event["text"]) for event in show.history.told()["events"]] == [
        (32.5, "Live: viewers see the look."),
        (32.5, "Recording to a.mp4."),
        (3.5, "Camera lost: Busy."),
        (2.5, "Camera lost: Not plugged in."),
        (1.5, "The camera is back."),
        (0.5, "Camera lost: Busy."),
    ]
