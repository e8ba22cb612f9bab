"""The WebSocket: each change once and in order, the status by itself, changes the other way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading

import pytest
from patience import until
from plugin.control.conftest import heard, make_stage
from streamv2v_cam.control.limits import Bucket, Limits
from websockets.exceptions import ConnectionClosed


def test_a_subscriber_sees_each_change_once_and_in_order_whoever_makes_it(stage):
    def change(offset: int) -> None:
        for number in range(100):
            stage.store.apply({"seed": offset + number})

    async def listen() -> tuple[dict, list[dict]]:
        async with stage.events() as events:
            first = await heard(events, "state")
            threads = [threading.Thread(target=change, args=(offset,)) for offset in (1000, 2000)]
            for thread in threads:
                thread.start()
            changes = [await heard(events, "change") for _ in range(200)]
            return first, changes

    first, changes = asyncio.run(listen())
    assert [change["revision"] for change in changes] == [first["revision"] + 1 + n for n in range(200)]
    for offset in (1000, 2000):
        mine = [seed for change in changes if offset <= (seed := change["changed"]["seed"]) < offset + 100]
        assert mine == [offset + number for number in range(100)]


def test_a_change_tells_what_changed_and_nothing_else(stage):
    async def listen() -> dict:
        async with stage.events() as events:
            await heard(events, "state")
            stage.store.apply({"strength": 0.123, "prompt": stage.store.current.controls.prompt})
            return await heard(events, "change")

    assert asyncio.run(listen())["changed"] == {"strength": 0.123}


def test_the_status_comes_by_itself(stage):
    async def listen() -> list[dict]:
        async with stage.events() as events:
            return [await heard(events, "status") for _ in range(2)]

    statuses = asyncio.run(listen())
    assert all(status["air"]["state"] == "live" for status in statuses)


def test_changes_can_be_sent_and_each_is_answered_in_turn(stage):
    async def talk() -> list[dict]:
        sent = [
            {"id": 1, "controls": {"strength": 0.4}},
            {"id": 2, "controls": {"strength": 4}},
            {"id": 3, "command": "look", "name": "neon"},
            {"id": 4, "command": "look", "name": "none-such"},
            {"id": 5, "command": "dance"},
            {"id": 6, "controls": {}, "command": "effect"},
            {"id": 7, "controls": "strength"},
        ]
        async with stage.events() as events:
            for message in sent:
                await events.send(json.dumps(message))
            await events.send("nonsense")
            await events.send(b"\x00\xff")
            return [await heard(events, "answer") for _ in range(9)]

    answers = asyncio.run(talk())
    assert [answer["id"] for answer in answers] == [1, 2, 3, 4, 5, 6, 7, None, None]
    assert [answer["ok"] for answer in answers] == [True, False, True] + [False] * 6
    assert [answer.get("status") for answer in answers if not answer["ok"]] == [422, 404, 422, 422, 422, 400, 400]
    assert all("revision" in answer for answer in answers)
    assert (answers[1]["field"], answers[1]["given"], answers[1]["allowed"]) == ("strength", 4, "0 to 1")
    assert (answers[2]["look"], answers[2]["revision"]) == ("neon", stage.store.current.revision)


def test_the_token_may_be_the_first_message(stage):
    async def talk() -> str:
        async with stage.events(**{"X-Nothing": "here"}) as events:
            await events.send(json.dumps({"token": stage.token.current()}))
            return (await heard(events))["type"]

    assert asyncio.run(talk()) == "state"


def test_one_change_too_many_is_answered_by_its_id(tmp_path):
    bucket = Bucket(1, 2, clock=lambda: 0.0)
    stage = make_stage(tmp_path, limits=Limits(changes=bucket))
    stage.server.start()

    async def talk() -> list[dict]:
        async with stage.events() as events:
            for number in range(3):
                await events.send(json.dumps({"id": number, "controls": {"seed": number}}))
            return [await heard(events, "answer") for _ in range(3)]

    try:
        answers = asyncio.run(talk())
    finally:
        stage.server.stop()
    assert [(answer["id"], answer.get("status")) for answer in answers] == [(0, None), (1, None), (2, 429)]
    assert stage.store.current.controls.seed == 1


@pytest.mark.slow
def test_whoever_sends_too_much_is_read_no_further_for_a_while_and_others_have_their_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("streamv2v_cam.control.events.TOO_MANY_PAUSE_S", 3600.0)
    stage = make_stage(tmp_path, limits=Limits(changes=Bucket(1, 2, clock=lambda: 0.0)))
    stage.server.start()

    async def talk() -> list[int | None]:
        async with stage.events() as flooding, stage.events() as other:
            for number in range(12):
                await flooding.send(json.dumps({"id": number, "controls": {"seed": number}}))
            told = [await heard(flooding, "answer") for _ in range(3)]
            await heard(other, "status")
            await heard(other, "status")
            with contextlib.suppress(TimeoutError):
                told.append(await asyncio.wait_for(heard(flooding, "answer"), 0.3))
            return [answer.get("status") for answer in told]

    try:
        assert asyncio.run(talk()) == [None, None, 429]
    finally:
        stage.server.stop()


async def closing_code(socket) -> int:
    with pytest.raises(ConnectionClosed) as end:
        while True:
            await asyncio.wait_for(socket.recv(), 20)
    assert end.value.rcvd is not None
    return end.value.rcvd.code


def test_a_listener_that_is_too_slow_is_sent_away_to_begin_anew(stage, monkeypatch):
    monkeypatch.setattr("streamv2v_cam.control.events.BACKLOG_LIMIT", 0)

    async def listen() -> int:
        async with stage.events() as events:
            await heard(events, "state")
            stage.store.apply({"seed": 1})
            return await closing_code(events)

    assert asyncio.run(listen()) == 1013


def test_only_so_many_may_listen_at_once(stage, monkeypatch):
    monkeypatch.setattr("streamv2v_cam.control.events.LISTENER_LIMIT", 1)

    async def listen() -> int:
        async with stage.events() as first:
            await heard(first, "state")
            async with stage.events() as second:
                return await closing_code(second)

    assert asyncio.run(listen()) == 1013


def test_listeners_are_told_when_the_program_ends(tmp_path):
    stage = make_stage(tmp_path)
    stage.server.start()

    async def listen() -> int:
        async with stage.events() as events:
            await heard(events, "state")
            await asyncio.to_thread(stage.server.stop)
            return await closing_code(events)

    assert asyncio.run(listen()) in (1001, 1012)


@pytest.mark.parametrize("first", ['{"token": "wrong"}', '{"token": 7}', '{"command": "privacy"}', "nonsense", b"\xff"])
def test_a_web_socket_without_the_token_is_closed_and_told_nothing(stage, first):
    before = stage.store.current

    async def talk() -> int:
        async with stage.events(**{"X-Nothing": "here"}) as events:
            await events.send(first)
            with pytest.raises(ConnectionClosed) as end:
                await asyncio.wait_for(events.recv(), 20)
            assert end.value.rcvd is not None
            return end.value.rcvd.code

    assert asyncio.run(talk()) == 4401
    assert stage.store.current is before


def test_a_web_socket_with_a_wrong_header_is_closed(stage):
    async def talk() -> int:
        async with stage.events(Authorization="Bearer wrong") as events:
            with pytest.raises(ConnectionClosed) as end:
                await asyncio.wait_for(events.recv(), 20)
            assert end.value.rcvd is not None
            return end.value.rcvd.code

    assert asyncio.run(talk()) == 4401


def test_of_a_flood_of_changes_each_is_carried_out_and_the_last_one_wins(stage):
    async def flood() -> tuple[list[dict], list[dict]]:
        async with stage.events() as events:
            await heard(events, "state")
            for number in range(1000):
                await events.send(json.dumps({"id": number, "controls": {"seed": 5000 + number}}))
            answers, changes = [], []
            while len(answers) < 1000 or len(changes) < 1000:
                message = await heard(events)
                {"answer": answers, "change": changes}.get(message["type"], []).append(message)
            return answers, changes

    answers, changes = asyncio.run(flood())
    assert [answer["id"] for answer in answers] == list(range(1000))
    assert [change["changed"]["seed"] for change in changes] == list(range(5000, 6000))
    assert stage.store.current.controls.seed == 5999


def test_what_was_sent_before_the_line_was_cut_is_carried_out(stage):
    async def talk() -> None:
        async with stage.events() as events:
            await heard(events, "state")
            for strength in (*(0.2 + 0.01 * number for number in range(40)), 0.71):
                await events.send(json.dumps({"controls": {"strength": strength}}))

    asyncio.run(talk())
    assert until(lambda: stage.store.current.controls.strength == 0.71)
