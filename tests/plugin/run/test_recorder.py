"""The recording by command: each file comes out well or badly for itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from patience import until
from streamv2v_cam.airstate import AirState, EngineState, EngineStatus
from streamv2v_cam.errors import SinkError
from streamv2v_cam.publish import SinkFeed
from streamv2v_cam.run import recorder as recording
from streamv2v_cam.run.news import Sight, news
from streamv2v_cam.run.recorder import Recorder
from streamv2v_cam.run.sight import sight_of
from streamv2v_cam.settings.model import PublishSettings


class File:
    """A file that is finished when a test lets it, and may then find the disk full."""

    def __init__(self, name: str, *, full: bool = False, refuses: bool = False) -> None:
        self.name, self.full, self.refuses = f"file {name!r}", full, refuses
        self.may_end = threading.Event()

    def send(self, pixels: object) -> None:
        if self.refuses:
            raise SinkError(f"The {self.name} was ended: No space left on device.")

    def close(self) -> None:
        assert self.may_end.wait(30)
        if self.full:
            raise SinkError("The disk is full.")


class Publisher:
    """Keeps the outputs of the moment."""

    def __init__(self) -> None:
        self.feeds: list[SinkFeed] = []

    def add_sink(self, sink: Any, *, every_frame: bool) -> SinkFeed:
        feed = SinkFeed(sink, every_frame=every_frame)
        feed.start()
        self.feeds.append(feed)
        return feed

    def remove_sink(self, feed: SinkFeed) -> None:
        self.feeds.remove(feed)

    @property
    def on_air(self) -> SimpleNamespace:
        return SimpleNamespace(state=AirState.LIVE, sinks=tuple(feed.status for feed in self.feeds))


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Recorder, Publisher]]:
    def make(*files: File) -> tuple[Recorder, Publisher]:
        waiting = iter(files)
        monkeypatch.setattr(recording, "open_sink", lambda *_, **__: next(waiting))
        publisher = Publisher()
        return Recorder(cast(Any, publisher), PublishSettings(record_folder=str(tmp_path))), publisher

    return make


def test_one_that_is_lost_while_the_next_is_written_is_not_told_as_the_loss_of_the_next(rig, caplog) -> None:
    first, second = File("1", full=True), File("2")
    recorder, _ = rig(first, second)
    recorder.start()
    lost = recorder.status()["file"]
    recorder.stop()
    (Path(str(recorder.status()["folder"])) / str(lost)).touch()
    recorder.start()
    first.may_end.set()
    assert until(lambda: recorder.losses)
    assert recorder.losses == ((lost, "The disk is full."),)
    assert (recorder.status()["state"], recorder.status()["reason"]) == ("recording", "")
    assert str(lost) in caplog.text
    second.may_end.set()
    recorder.close()
    status = recorder.status()
    assert (status["state"], status["reason"]) == ("off", "") and status["file"] != lost


def test_one_that_is_still_being_finished_holds_up_the_word_on_no_other(rig) -> None:
    first, second = File("1"), File("2", full=True)
    recorder, _ = rig(first, second)
    recorder.start()
    recorder.stop()
    assert recorder.status()["state"] == "finishing"
    recorder.start()
    recorder.stop()
    second.may_end.set()
    assert until(lambda: recorder.status()["state"] == "lost")
    assert recorder.status()["reason"] == "The disk is full." and recorder.busy and not recorder.losses
    first.may_end.set()
    recorder.close()
    assert not recorder.busy and recorder.status()["state"] == "lost"


def test_a_full_disk_in_the_middle_is_never_followed_by_the_word_that_the_output_is_back(rig) -> None:
    file = File("2026.mp4", refuses=True)
    file.may_end.set()
    recorder, publisher = rig(file)
    parts: tuple[Any, ...] = (
        publisher,
        SimpleNamespace(status=lambda: EngineStatus(EngineState.RUNNING), restarts=0),
        SimpleNamespace(lost_reason=None, resting=False),
        recorder,
        SimpleNamespace(notice=SimpleNamespace(refused=False, number=0, text="")),
    )
    recorder.start()
    before, told = Sight(), []
    publisher.feeds[0].offer(np.zeros((2, 2, 3), np.uint8))
    assert until(lambda: publisher.feeds[0].status.given_up)
    for _ in range(3):
        now = sight_of(*parts)
        told += [event for event in news(before, now) if event.kind != "plain"]
        before = now
    assert [event.kind for event in told if "2026" in event.text] and all(
        event.kind == "bad" for event in told if "look" not in event.text
    )
