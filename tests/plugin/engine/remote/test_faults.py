"""What a line does to a show: it may be long, narrow, uneven, stuck or cut, and the show goes on or says why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from patience import until
from plugin.engine.remote.bad_line import BadLine
from plugin.engine.remote.conftest import HIGH, WIDE, Host, address_of, meet
from streamv2v_cam.engine.protocol import Failure, FailureKind, Notice, Ready
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.certificate import pinned_context
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.server import EngineServer
from streamv2v_cam.engine.remote.wire import Hello, words
from streamv2v_cam.store import ControlStore
from websockets.asyncio.client import connect

Serve, HostOf = Callable[..., EngineServer], Callable[..., Host]
Over = Callable[..., BadLine]


@pytest.fixture
def over(home: object) -> Iterator[Over]:
    """Lines to a server that was met, which end with the test."""
    lines: list[BadLine] = []

    def start(server: ServerAddress, **kind: float) -> BadLine:
        lines.append(BadLine(server, **kind))
        known_servers().add(lines[-1].address, *known_servers().of(server))
        return lines[-1]

    yield start
    for line in lines:
        line.close()


@pytest.mark.slow
def test_a_long_line_makes_the_look_later_and_carries_it_all_the_same(
    serve: Serve, host_of: HostOf, over: Over
) -> None:
    line = over(meet(serve()), delay_s=0.1)
    host = host_of(line.address)
    assert host.play(lambda: len(host.styled) > 30)
    numbers = [frame.index for frame in host.styled]
    assert numbers == sorted(numbers)
    assert not host.said(Failure)


@pytest.mark.slow
def test_a_narrow_line_gets_h264_by_itself_and_the_host_is_told(serve: Serve, host_of: HostOf, over: Over) -> None:
    line = over(meet(serve()), bytes_per_s=60_000)
    host = host_of(line.address, pictures="auto")
    assert host.play(lambda: host.styled)
    assert host.said(Ready)[0].facts["line"] == "jpeg"
    assert host.play(lambda: any("h264" in (said.facts or {}).get("line", "") for said in host.said(Notice)))
    told = next(said for said in host.said(Notice) if said.facts)
    assert told.facts["server"] == str(line.address) and told.facts["model"] == "stand-in", "the others stay"


@pytest.mark.parametrize("pictures", [pytest.param("auto", marks=pytest.mark.slow), "h264"])
def test_pauses_in_the_stream_as_lost_packets_make_them_lose_no_session(
    serve: Serve, host_of: HostOf, over: Over, pictures: str
) -> None:
    line = over(meet(serve()), delay_s=0.03, hiccup_s=0.15, hiccups=0.05)
    host = host_of(line.address, pictures=pictures)
    assert host.play(lambda: len(host.styled) > 20)
    assert not host.said(Failure)
    for frame in host.styled:
        assert frame.pixels.shape == (HIGH, WIDE, 3) and frame.source is not None
        assert (frame.source == frame.index % 200).all()


@pytest.mark.slow
def test_h264_shows_the_same_picture_as_jpeg(serve: Serve, host_of: HostOf) -> None:
    address = meet(serve(most=2))
    means = []
    for pictures in ("jpeg", "h264"):
        host = host_of(address, pictures=pictures)
        assert host.play(lambda: len(host.styled) > 5, grey=180)  # noqa: B023
        means.append(host.newest.reshape(-1, 3).mean(axis=0))
    assert np.abs(means[0] - means[1]).max() < 4


@pytest.mark.slow
def test_a_line_that_is_dead_without_a_word_is_noticed_on_both_sides(serve: Serve, host_of: HostOf, over: Over) -> None:
    server = serve()
    line = over(meet(server))
    host = host_of(line.address)
    assert host.play(lambda: host.styled)
    line.stick()
    assert host.play(lambda: host.said(Failure))
    failure = host.said(Failure)[0]
    assert failure.kind is FailureKind.CRASH and f"the engine at {line.address} is gone" in failure.reason
    assert until(lambda: server.pool.busy == 0), "the server lets go of the engine too"
    again = host_of(address_of(server))
    assert again.play(lambda: again.styled), "which is there for the next"


def test_a_line_that_is_cut_is_told_at_once(serve: Serve, host_of: HostOf, over: Over) -> None:
    line = over(meet(serve()))
    host = host_of(line.address)
    assert host.play(lambda: host.styled)
    line.cut()
    assert host.play(lambda: host.said(Failure))
    assert "the line broke" in host.said(Failure)[0].reason


def answers(server: EngineServer, greeting: dict[str, Any], until_say: str) -> list[dict[str, Any]]:
    """What a paired host hears after that greeting, up to a message of that kind."""
    certificate, token = known_servers().of(address_of(server))

    async def talk() -> list[dict[str, Any]]:
        url, headers = address_of(server).url("engine"), {"Authorization": f"Bearer {token}"}
        heard: list[dict[str, Any]] = []
        async with connect(url, ssl=pinned_context(certificate), proxy=None, additional_headers=headers) as line:
            await line.send(json.dumps(greeting))
            while not heard or heard[-1]["say"] != until_say:
                heard.append(json.loads(await line.recv()))
        return heard

    return asyncio.run(asyncio.wait_for(talk(), 60))


def greeting(**changes: Any) -> dict[str, Any]:
    return {**json.loads(words(Hello(WIDE, HIGH, "jpeg", ControlStore().current, "0.1.0"))), **changes}


def test_versions_that_differ_are_both_named(serve: Serve) -> None:
    server = serve()
    meet(server)
    said = answers(server, greeting(protocol=99, version="9.9.9"), "failure")[-1]
    assert "9.9.9" in said["reason"] and "Update the older one" in said["reason"]
    assert server.pool.busy == 0


def test_a_host_with_a_control_that_the_server_does_not_have_is_served(serve: Serve) -> None:
    server = serve()
    meet(server)
    newer = greeting()
    newer["snapshot"]["controls"]["of_tomorrow"] = 0.5
    assert answers(server, newer, "ready")


def test_a_host_from_before_other_codecs_hears_nothing_that_it_does_not_know(serve: Serve) -> None:
    server = serve()
    meet(server)
    old = {key: value for key, value in greeting().items() if key not in ("reads", "asked")}
    assert {said["say"] for said in answers(server, old, "ready")} <= {"progress", "ready", "notice"}
    assert until(lambda: server.pool.busy == 0)
    new = answers(server, greeting(reads=["h264"], asked="auto"), "ready")
    assert {"say": "reads", "codecs": ["h264"]} in new
