"""When something of the camera's own picture may go on air with the look."""

from __future__ import annotations

import numpy as np
from streamv2v_cam.frame import Frame
from streamv2v_cam.publish.permit import ENGINE_HEARS_S, Permit
from streamv2v_cam.store import ControlStore


def at(captured_at_s: float) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), 0, captured_at_s)


def test_a_look_that_forbids_it_forbids_it_at_once_for_every_picture() -> None:
    store = ControlStore()
    permit = Permit(store, clock=lambda: 10.0)
    assert permit.holds_for(at(9.0))
    store.apply({"borrow": False})
    assert not permit.holds_for(at(9.0)) and not permit.holds_for(at(99.0))


def test_the_next_look_may_only_with_pictures_taken_once_the_glide_to_it_is_over() -> None:
    store = ControlStore()
    permit = Permit(store, clock=lambda: 10.0)
    store.apply({"borrow": False})
    store.apply({"borrow": True, "transition_s": 2.0})
    assert not permit.holds_for(at(10.0)), "drawn by the look that hides"
    assert not permit.holds_for(at(11.9 + ENGINE_HEARS_S)), "still gliding"
    assert permit.holds_for(at(12.1 + ENGINE_HEARS_S))
    store.apply({"strength": 0.9})
    assert permit.holds_for(at(12.1 + ENGINE_HEARS_S)), "another change does not begin it anew"


def test_a_start_with_a_look_that_forbids_it_and_a_setting_that_forbids_it_always() -> None:
    hiding = ControlStore()
    hiding.apply({"borrow": False})
    assert not Permit(hiding).holds_for(at(1e12))
    assert not Permit(ControlStore(), allowed=False).holds_for(at(1e12))
