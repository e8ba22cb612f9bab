"""An engine elsewhere is an engine: pictures, words, controls; its end and the line's are told."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from plugin.engine.remote.conftest import Host, left, meet
from plugin.engine.stand_in import tint
from streamv2v_cam.engine.protocol import Failure, FailureKind, Notice, Progress, Ready
from streamv2v_cam.engine.remote.pool import NUMBERS, Lease
from streamv2v_cam.engine.remote.server import EngineServer
from streamv2v_cam.store import ControlStore

Serve, HostOf = Callable[..., EngineServer], Callable[..., Host]


def colour(host: Host) -> np.ndarray:
    means = host.newest.reshape(-1, 3).mean(axis=0)
    return means / max(means.max(), 1)


def shows(host: Host, prompt: str) -> bool:
    return bool(host.styled) and np.abs(colour(host) - tint(prompt) / tint(prompt).max()).max() < 0.06


@pytest.mark.parametrize("pictures", ["jpeg", pytest.param("raw", marks=pytest.mark.slow)])
def test_pictures_come_back_styled_each_with_the_frame_it_was_made_of(
    serve: Serve, host_of: HostOf, pictures: str
) -> None:
    host = host_of(meet(serve()), pictures=pictures)
    assert host.play(lambda: len(host.styled) > 20)
    ready = host.said(Ready)[0]
    assert ready.delay_frames == 1 and ready.facts["device"] == "none" and ready.facts["line"] == pictures
    for frame in host.styled:
        assert frame.source is not None
        assert (frame.source == frame.index % 200).all(), "the host's own frame, not what came over the line"
    numbers = [frame.index for frame in host.styled]
    assert numbers == sorted(numbers) and len(set(numbers)) > 15


def test_a_prompt_acts_over_there(serve: Serve, host_of: HostOf) -> None:
    host = host_of(meet(serve()), prompt="first")
    assert host.play(lambda: shows(host, "first"), grey=180)
    host.store.apply({"prompt": "second"})
    assert host.play(lambda: shows(host, "second"), grey=180)


@pytest.mark.slow
def test_words_of_the_engine_come_over(serve: Serve, host_of: HostOf) -> None:
    host = host_of(meet(serve("stand-in?notice=mind+the+step")))
    assert host.play(lambda: host.styled)
    assert "mind the step" in [notice.text for notice in host.said(Notice)]
    assert any("reading" in progress.text for progress in host.said(Progress))


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("crash_after=5", FailureKind.CRASH, "asked to crash"),
        pytest.param("wrong=1", FailureKind.MODEL, "has no U-Net", marks=pytest.mark.slow),
    ],
)
def test_an_engine_that_ends_over_there_has_ended_here_for_the_same_reason(
    serve: Serve, host_of: HostOf, fault: str, kind: FailureKind, words: str
) -> None:
    host = host_of(meet(serve(f"stand-in?{fault}")))
    assert host.play(lambda: host.said(Failure))
    failure = host.said(Failure)[0]
    assert failure.kind is kind and words in failure.reason


def test_a_server_that_goes_is_missed_and_one_that_comes_is_found(serve: Serve, host_of: HostOf) -> None:
    server = serve()
    address = meet(server)
    host = host_of(address)
    assert host.play(lambda: host.styled)
    server.stop()
    assert host.play(lambda: host.said(Failure))
    assert f"the engine at {address} is gone" in host.said(Failure)[0].reason
    again = host_of(address)
    assert again.play(lambda: any("does not answer" in progress.text for progress in again.said(Progress)))
    serve(port=address.port)
    assert again.play(lambda: again.styled)


@pytest.mark.slow
def test_a_host_that_comes_back_finds_its_engine_warm(serve: Serve, host_of: HostOf) -> None:
    server = serve()
    address = meet(server)
    first = host_of(address)
    assert first.play(lambda: first.styled)
    pid = left(server, first)
    second = host_of(address, prompt="other")
    assert second.play(lambda: shows(second, "other"), grey=180)
    assert second.said(Ready)[0].facts["pid"] == pid


def test_no_session_has_numbers_of_another_so_that_a_warm_engine_empties_its_bank_and_takes_every_value() -> None:
    link: Any = None
    same = ControlStore().current
    one, other = (Lease(link, session).own(same) for session in (1, 2))
    assert one.controls == other.controls == same.controls
    assert one.bank_resets != other.bank_resets and one.revision != other.revision
    assert one.revision % NUMBERS == other.revision % NUMBERS == same.revision


@pytest.mark.slow
def test_a_warm_engine_that_died_meanwhile_is_replaced(serve: Serve, host_of: HostOf) -> None:
    server = serve()
    address = meet(server)
    first = host_of(address)
    assert first.play(lambda: first.styled)
    pid = left(server, first)
    os.kill(pid, signal.SIGTERM)
    second = host_of(address)
    assert second.play(lambda: second.styled)
    assert second.said(Ready)[0].facts["pid"] != pid


@pytest.mark.slow
def test_a_server_with_one_engine_serves_one_host_and_the_next_when_that_is_gone(serve: Serve, host_of: HostOf) -> None:
    address = meet(serve())
    first = host_of(address)
    assert first.play(lambda: first.styled)
    second = host_of(address)
    assert second.play(lambda: any("is full" in progress.text for progress in second.said(Progress)))
    assert not second.said(Failure)
    first.link.close()
    assert second.play(lambda: second.styled)


@pytest.mark.slow
def test_a_smaller_engine_still_gives_pictures_of_the_agreed_size(serve: Serve, host_of: HostOf) -> None:
    host = host_of(meet(serve("stand-in?fits_below=64")))
    assert host.play(lambda: host.styled)
    assert host.newest.shape == (72, 128, 3)
    assert any("do not fit; running 64 px" in notice.text for notice in host.said(Notice))


def test_the_newest_frame_wins_where_the_engine_is_slow(serve: Serve, host_of: HostOf) -> None:
    host = host_of(meet(serve("stand-in?slow_ms=60")))
    assert host.play(lambda: len(host.styled) > 12)
    steps = np.diff([frame.index for frame in host.styled])
    assert np.median(steps) >= 2, "frames in between were left out"
    assert host.link.dropped > 0
