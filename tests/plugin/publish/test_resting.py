"""Who watches, as outputs tell it; and what a publisher shows during a rest and after it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest
from patience import until
from plugin.publish.test_feed import ListSink, picture
from plugin.publish.test_publisher import Rig, start
from streamv2v_cam.airstate import AirState
from streamv2v_cam.publish import NullSink, PreviewSink
from streamv2v_cam.publish.feed import SinkFeed
from streamv2v_cam.publish.sinks.preview import WATCHED_S

__all__ = ["start"]


@pytest.mark.parametrize("mode", ["effect", "bypass"])
def test_a_rest_shows_a_slate_and_what_was_seen_before_it_never_comes_back(
    start: Callable[..., Rig], mode: str
) -> None:
    from_s = [-math.inf]
    rig = start(shown_from=lambda: from_s[0])
    rig.live()
    rig.store.apply({"mode": mode})
    kind = "raw" if mode == "bypass" else "styled"
    assert rig.sees(kind)

    from_s[0] = math.inf
    assert rig.sees("slate") and until(lambda: rig.state is AirState.RESTING)
    rig.capture()
    rig.style()
    frames = rig.eye.frames
    assert until(lambda: rig.eye.frames > frames + 20), "the beat goes on"
    assert rig.eye.seen[-1] == "slate", "pictures that were on their way are not shown"

    from_s[0] = time.monotonic()
    assert until(lambda: rig.state is AirState.STARTING)
    frames = rig.eye.frames
    assert until(lambda: rig.eye.frames > frames + 20) and rig.eye.seen[-1] == "slate", "nothing of before the rest"
    rig.capture()
    rig.style()
    assert rig.sees(kind)


def test_privacy_covers_a_rest_and_a_frozen_picture_stays(start: Callable[..., Rig]) -> None:
    from_s = [-math.inf]
    rig = start(shown_from=lambda: from_s[0])
    rig.live()
    rig.store.apply({"mode": "freeze"})
    assert until(lambda: rig.state is AirState.FREEZE)
    from_s[0] = math.inf
    frames = rig.eye.frames
    assert until(lambda: rig.eye.frames > frames + 10) and rig.eye.seen[-1] == "styled"
    rig.store.apply({"mode": "privacy"})
    assert rig.sees("cover") and rig.state is AirState.PRIVACY


def test_a_preview_is_watched_for_as_long_as_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = PreviewSink()
    sink.send(picture(1))
    assert not sink.watched
    sink.small_jpeg(2)
    assert not sink.watched, "a look's own small picture is no viewer"
    assert sink.wait_newer(-1, 0.5) and sink.watched
    now_s = time.monotonic()
    monkeypatch.setattr("streamv2v_cam.publish.sinks.preview.time.monotonic", lambda: now_s + WATCHED_S + 0.1)
    assert not sink.watched


def test_a_file_watches_until_it_is_whole_a_lost_output_does_not_and_one_that_does_not_tell_is_not_known() -> None:
    assert SinkFeed(NullSink()).watched is False
    assert SinkFeed(ListSink()).watched is None
    assert SinkFeed(None, reopen=ListSink).watched is False
    file = SinkFeed(ListSink(), every_frame=True, limit=1)
    assert file.watched is True
    file.start()
    file.offer(picture(1))
    assert file.done.wait(20) and file.watched is False
    file.stop()
