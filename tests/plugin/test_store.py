"""ControlStore: the one door through which live values change."""

from __future__ import annotations

import threading

import pytest
from streamv2v_cam.store import ControlStore

from streamv2v.controls import Controls
from streamv2v.errors import ControlError


def test_every_applied_patch_raises_the_revision_by_one():
    store = ControlStore()
    assert [store.apply({"strength": value / 10}).revision for value in range(3)] == [1, 2, 3]
    assert store.current.controls.strength == 0.2


def test_a_refused_patch_changes_nothing_and_tells_nobody():
    store = ControlStore()
    told = []
    store.subscribe(told.append)
    before = store.current
    with pytest.raises(ControlError):
        store.apply({"strength": 0.9, "zoom": 99})
    assert store.current is before
    assert told == []


def test_subscribers_hear_every_change_once_in_order_and_in_the_order_they_came():
    store = ControlStore()
    told = []
    store.subscribe(lambda snapshot: told.append(("first", snapshot.revision)))
    store.subscribe(lambda snapshot: told.append(("second", snapshot.revision)))
    store.apply({"seed": 1})
    store.reset_bank()
    assert told == [("first", 1), ("second", 1), ("first", 2), ("second", 2)]


def test_a_change_that_depends_on_what_is_there_is_never_lost_between_threads():
    store = ControlStore(Controls(strength=0.0))

    def up() -> None:
        for _ in range(50):
            store.change(lambda now: ({"strength": round(now.controls.strength + 0.005, 3)}, None))

    threads = [threading.Thread(target=up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (store.current.controls.strength, store.current.revision) == (1.0, 200)


def test_an_ended_subscription_hears_nothing_more_and_may_end_twice():
    store = ControlStore()
    told = []
    end = store.subscribe(told.append)
    end()
    end()
    store.apply({"seed": 1})
    assert told == []


def test_emptying_the_bank_is_a_change_that_keeps_the_values():
    store = ControlStore(Controls(prompt="neon"), look="neon")
    after = store.reset_bank()
    assert (after.bank_resets, after.revision, after.look) == (1, 1, "neon")
    assert after.controls == Controls(prompt="neon")


def test_the_look_is_kept_by_a_slider_and_forgotten_by_other_words():
    store = ControlStore()
    assert store.apply({"prompt": "neon"}, look="neon").look == "neon"
    assert store.apply({"strength": 0.2}).look == "neon"
    assert store.apply({"prompt": "a marble bust"}).look is None


def test_no_change_is_lost_when_many_threads_apply_at_once():
    store = ControlStore()
    heard = []
    store.subscribe(lambda snapshot: heard.append(snapshot.revision))

    def push(name):
        for value in range(100):
            store.apply({name: value / 100})

    threads = [threading.Thread(target=push, args=(name,)) for name in ("strength", "fusion_strength", "pan_x")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = store.current
    assert now.revision == 300
    assert heard == list(range(1, 301))
    assert (now.controls.strength, now.controls.fusion_strength, now.controls.pan_x) == (0.99, 0.99, 0.99)


def test_a_look_has_its_own_region_for_as_long_as_it_is_on() -> None:
    store = ControlStore(Controls(region="person"))
    store.apply({"prompt": "a wall of neon", "region": "background", "outside": "blur"}, look="neon")
    assert (store.current.controls.region, store.current.controls.outside) == ("background", "blur")
    store.apply({"prompt": "a night", "region": "face"}, look="night")
    assert (store.current.controls.region, store.current.controls.outside) == ("face", "camera")
    store.apply({"prompt": "a pencil sketch"}, look="pencil")
    assert (store.current.controls.region, store.current.controls.outside) == ("person", "camera")


def test_a_region_that_the_streamer_sets_meanwhile_stays() -> None:
    store = ControlStore()
    store.apply({"prompt": "a wall of neon", "region": "background"}, look="neon")
    store.apply({"region": "person"})
    store.apply({"prompt": "a pencil sketch"}, look="pencil")
    assert store.current.controls.region == "person"


def test_a_name_for_the_present_values_changes_none_of_them() -> None:
    store = ControlStore()
    store.apply({"prompt": "a wall of neon", "region": "background"}, look="neon")
    store.apply({}, look="mine")
    assert (store.current.look, store.current.controls.region) == ("mine", "background")
