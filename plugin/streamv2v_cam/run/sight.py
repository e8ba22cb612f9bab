"""How a run is at one look, from the parts that know."""

from __future__ import annotations

from ..capture import CaptureThread
from ..engine.reserve import Kept
from ..publish import PublisherThread
from ..store import ControlStore
from .news import Sight
from .recorder import Recorder


def sight_of(
    publisher: PublisherThread,
    supervisor: Kept,
    capture: CaptureThread,
    recorder: Recorder,
    store: ControlStore,
) -> Sight:
    """What `news` compares; quick enough for several times a second."""
    air, notice, recording = publisher.on_air, store.notice, recorder.status()
    state = str(recording["state"])
    return Sight(
        state=air.state,
        camera_lost=capture.lost_reason,
        camera_rests=capture.resting,
        engine=supervisor.status(),
        restarts=supervisor.restarts,
        lost={sink.name: sink.lost for sink in air.sinks if sink.lost},
        given_up=frozenset(sink.name for sink in air.sinks if sink.given_up),
        outputs=frozenset(sink.name for sink in air.sinks),
        refusal=notice.number if notice.refused else 0,
        refused=notice.text,
        recording=(state, str(recording["reason" if state == "lost" else "file"])),
        losses=recorder.losses,
    )
