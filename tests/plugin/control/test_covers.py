"""A cover waits for nothing: no file, no thread, nothing that was sent before it; and nothing older takes it away."""

from __future__ import annotations

import asyncio
import json
import threading

import httpx
import pytest
from plugin.control.conftest import heard, make_stage
from streamv2v_cam.lorafolder import LoraFolder
from streamv2v_cam.store import ControlStore

from streamv2v.controls import Controls
from streamv2v.errors import ControlError


class SlowFolder(LoraFolder):
    """LoRAs on a disk that answers when the test says so."""

    def __init__(self) -> None:
        super().__init__(None)
        self.asked, self.may_end = threading.Semaphore(0), threading.Event()

    def check(self, controls: Controls) -> None:
        if controls.loras:
            self.asked.release()
            self.may_end.wait(20)


@pytest.fixture
def slow(tmp_path):
    stage = make_stage(tmp_path)
    stage.desk.store = ControlStore(loras=SlowFolder())
    stage.server.start()
    yield stage
    stage.desk.store.loras.may_end.set()
    stage.server.stop()


def test_a_cover_goes_before_what_waits_for_files_and_all_else_keeps_its_turn(slow):
    async def talk() -> list[int]:
        async with slow.events() as events:
            await events.send(json.dumps({"id": 1, "controls": {"loras": {"pastel": 1.0}}}))
            await events.send(json.dumps({"id": 2, "controls": {"strength": 0.3}}))
            await events.send(json.dumps({"id": 3, "command": "privacy"}))
            first = (await heard(events, "answer"))["id"]
            slow.store.loras.may_end.set()
            return [first, *[(await heard(events, "answer"))["id"] for _ in range(2)]]

    assert asyncio.run(talk()) == [3, 1, 2]
    assert (slow.store.current.controls.mode, slow.store.current.controls.strength) == ("privacy", 0.3)


def test_what_uncovers_and_was_sent_before_the_cover_is_not_carried_out_after_it(slow):
    async def talk() -> dict[int, str]:
        async with slow.events() as events:
            await events.send(json.dumps({"id": 1, "controls": {"loras": {"pastel": 1.0}}}))
            await events.send(json.dumps({"id": 2, "command": "leave_privacy"}))
            await events.send(json.dumps({"id": 3, "controls": {"mode": "effect", "strength": 0.3}}))
            await events.send(json.dumps({"id": 4, "controls": {"mode": "privacy"}}))
            first = await heard(events, "answer")
            slow.store.loras.may_end.set()
            answers = [first, *[await heard(events, "answer") for _ in range(3)]]
            await events.send(json.dumps({"id": 5, "command": "leave_privacy"}))
            last = await heard(events, "answer")
            return {answer["id"]: answer.get("error", answer.get("mode")) for answer in [*answers, last]}

    told = asyncio.run(talk())
    assert list(told) == [4, 1, 2, 3, 5] and (told[4], told[1], told[5]) == ("privacy", "privacy", "effect")
    assert "asked for after it" in told[2] and "asked for after it" in told[3]


def test_a_cover_waits_for_no_thread(slow):
    """However many have asked for what takes long, as a broken script does."""

    async def ask() -> str:
        headers = {"Authorization": f"Bearer {slow.token.current()}"}
        async with httpx.AsyncClient(base_url=slow.address, headers=headers, timeout=20, trust_env=False) as client:
            patch = {"loras": {"pastel": 1.0}}
            waiting = [asyncio.create_task(client.patch("/api/controls", json=patch)) for _ in range(60)]
            for _ in range(40):
                await asyncio.to_thread(slow.store.loras.asked.acquire, timeout=20)
            covered = await client.post("/api/commands", json={"command": "privacy"})
            slow.store.loras.may_end.set()
            await asyncio.gather(*waiting)
            return covered.json()["mode"]

    assert asyncio.run(ask()) == "privacy"


def test_a_cover_waits_for_no_file_that_another_change_names() -> None:
    slow, done = SlowFolder(), []
    store = ControlStore(loras=slow)
    change = threading.Thread(target=lambda: done.append(store.apply({"loras": {"pastel": 1.0}}).controls.mode))
    change.start()
    assert slow.asked.acquire(timeout=20)
    store.apply({"mode": "privacy"})
    assert not done, "the cover waited for the disk"
    slow.may_end.set()
    change.join()
    assert done == ["privacy"] and store.current.controls.loras == (("pastel", 1.0),)


def test_what_was_being_read_when_the_cover_came_does_not_take_it_away() -> None:
    slow, said = SlowFolder(), []
    store = ControlStore(loras=slow)

    def uncover() -> None:
        try:
            store.apply({"loras": {"pastel": 1.0}, "mode": "effect"})
        except ControlError as refused:
            said.append(str(refused))

    for before in ("effect", "privacy"):
        store.apply({"mode": before})
        slow.may_end.clear()
        change = threading.Thread(target=uncover)
        change.start()
        assert slow.asked.acquire(timeout=20)
        store.apply({"mode": "privacy"})
        slow.may_end.set()
        change.join()
        assert store.current.controls.mode == "privacy" and "asked for while this was read" in said.pop()
    assert store.apply({"mode": "effect"}).controls.mode == "effect"
