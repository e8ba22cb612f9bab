"""News: what has happened between two looks at a run, each in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..airstate import AirState, EngineState, EngineStatus

GOOD, BAD, PLAIN = "good", "bad", "plain"
SAID = {
    AirState.LIVE: (GOOD, "Live: viewers see the look."),
    AirState.BYPASS: (PLAIN, "No look: viewers see the camera."),
    AirState.FREEZE: (PLAIN, "Frozen: the picture stands still."),
    AirState.PRIVACY: (PLAIN, "Privacy: the picture is covered."),
    AirState.RESTING: (PLAIN, "Nobody watches: camera and engine rest."),
    AirState.STARTING: (PLAIN, "Starting: viewers see a card that says so."),
}
"""States that are news by themselves; the others come with the trouble that is said instead."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        kind: "good", "bad" or "plain".
        text: one sentence or more, for people.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Sight:
    """How a run is at one look.

    Attributes:
        state: what viewers see; None before the first look.
        camera_lost: why there is no camera picture; None while there is one.
        engine: how the engine is.
        restarts: of the engine.
        camera_rests: whether the camera was let go of, so that nothing is known of it.
        lost: name of an output that takes no picture -> why.
        given_up: names of those of them that are not opened again.
        outputs: names of all outputs.
        refusal: number of the notice that a prompt was refused; 0 while none stands.
        refused: what it says.
        recording: (state, file) of the recording by command; its reason stands in for the file of a lost one.
        losses: (file, reason) of recordings that were lost when the next one had begun.
    """

    state: AirState | None = None
    camera_lost: str | None = None
    engine: EngineStatus = field(default_factory=lambda: EngineStatus(EngineState.STARTING))
    restarts: int = 0
    camera_rests: bool = False
    lost: dict[str, str] = field(default_factory=dict)
    given_up: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    refusal: int = 0
    refused: str = ""
    recording: tuple[str, str] = ("off", "")
    losses: tuple[tuple[str, str], ...] = ()


def news(before: Sight, now: Sight) -> Iterator[Event]:
    """What happened between two looks, in the order in which it is best read."""
    if now.camera_lost is not None and now.camera_lost != before.camera_lost:
        yield Event(BAD, f"Camera lost: {sentence(now.camera_lost)}")
    elif now.camera_lost is None and before.camera_lost is not None and not _rests(now):
        yield Event(GOOD, "The camera is back.")
    yield from _of_the_engine(before, now)
    yield from _of_the_outputs(before, now)
    woken = before.state is AirState.RESTING and now.state is AirState.STARTING
    if now.state is not None and now.state is not before.state and now.state in SAID and not woken:
        yield Event(*SAID[now.state])
    if now.refusal > before.refusal:
        yield Event(BAD, f"Prompt refused: {sentence(now.refused)}")
    for file, reason in now.losses:
        if (file, reason) not in before.losses:
            yield Event(BAD, f"The recording {file} was lost: {sentence(reason)}")
    yield from _of_the_recording(before.recording, now.recording)


def _rests(now: Sight) -> bool:
    return now.camera_rests or now.state is AirState.RESTING


def _of_the_outputs(before: Sight, now: Sight) -> Iterator[Event]:
    for name, reason in now.lost.items():
        if reason != before.lost.get(name):
            yield Event(BAD, f"Output lost: {sentence(reason)}")
    # an output that could not be opened at first has another name once it is open
    renamed = bool(now.outputs - before.outputs)
    for name in before.lost.keys() - now.lost.keys() - before.given_up:
        if name in now.outputs or renamed:
            yield Event(GOOD, f"The output is back: {name}.")


def _of_the_engine(before: Sight, now: Sight) -> Iterator[Event]:
    if now.engine.state is EngineState.FAILED and before.engine.state is not EngineState.FAILED:
        yield Event(BAD, f"The engine cannot go on: {sentence(now.engine.reason)}")
    elif now.restarts > before.restarts:
        yield Event(BAD, f"The engine ended and is started again: {sentence(now.engine.reason)}")
    elif now.engine.state is EngineState.RUNNING and before.engine.state in (
        EngineState.RESTARTING,
        EngineState.FAILED,
    ):
        yield Event(GOOD, "The engine draws again.")


def _of_the_recording(before: tuple[str, str], now: tuple[str, str]) -> Iterator[Event]:
    (was, old_file), (state, file) = before, now
    # one may have ended and the next begun between two looks
    if state == was and not (state == "recording" and file != old_file):
        return
    if state == "recording":
        yield Event(PLAIN, f"Recording to {file}.")
    elif state == "lost":
        yield Event(BAD, f"The recording was lost: {sentence(file)}")
    elif state == "off":
        yield Event(PLAIN, f"Recorded: {file}.")


def sentence(words: str) -> str:
    """Words with a large letter before them and a stop behind."""
    told = words.strip()
    return f"{told[0].upper()}{told[1:].rstrip('. ')}." if told else "no reason was given."
