"""Thumbnails: taken when a look has been on air long enough, not before, and not of anything else."""

from __future__ import annotations

import pytest
from patience import until
from streamv2v_cam.control import Thumbnails
from streamv2v_cam.control.thumbnails import RENEW_S
from streamv2v_cam.store import ControlStore


class Studio:
    """A clock, a state and a picture that can be set."""

    def __init__(self) -> None:
        self.now_s, self.live, self.picture = 0.0, True, b"first"
        self.look_delay_s = 0.0
        self.store = ControlStore()
        self.thumbnails = Thumbnails(
            self.store,
            is_live=lambda: self.live,
            picture=lambda: self.picture,
            look_delay_s=lambda: self.look_delay_s,
            clock=lambda: self.now_s,
        )

    def after(self, seconds: float) -> dict[str, bytes]:
        """What there is when it looked all along."""
        for _ in range(round(seconds * 2)):
            self.now_s += 0.5
            self.thumbnails.look()
        return dict(self.thumbnails)


@pytest.fixture
def studio():
    studio = Studio()
    studio.store.apply({"prompt": "oil", "transition_s": 1.0}, look="oil")
    return studio


def test_a_look_gets_its_picture_once_the_glide_to_it_is_over(studio):
    assert studio.after(2.5) == {}
    assert studio.after(2.0) == {"oil": b"first"}
    assert studio.thumbnails.version == 1


def test_a_slow_engine_gives_a_look_no_picture_that_it_has_drawn_before(studio):
    studio.look_delay_s = 3.0
    assert studio.after(9.0) == {}
    assert studio.after(2.0) == {"oil": b"first"}


def test_a_look_that_is_left_early_gets_none(studio):
    studio.after(2.0)
    studio.store.apply({"prompt": "neon"}, look="neon")
    assert set(studio.after(4.0)) == {"neon"}


@pytest.mark.parametrize("patch", [{"prompt": "other words"}, {"mode": "privacy"}, {"mode": "bypass"}])
def test_what_is_no_look_on_air_gives_no_picture(studio, patch):
    studio.store.apply(patch)
    studio.live = patch.get("mode") is None
    assert studio.after(6.0) == {}


def test_a_dragged_strength_waits_until_it_rests(studio):
    for step in range(10):
        studio.store.apply({"strength": step / 10})
        assert studio.after(1.0) == {}
    assert studio.after(4.0) == {"oil": b"first"}


def test_a_picture_is_renewed_now_and_then(studio):
    studio.after(4.0)
    studio.picture = b"second"
    assert studio.after(10.0) == {"oil": b"first"}
    assert studio.after(RENEW_S) == {"oil": b"second"}


def test_it_looks_by_itself_until_it_is_stopped(studio):
    studio.now_s = 10.0
    studio.thumbnails.look()
    studio.now_s = 20.0
    studio.thumbnails.start()
    assert until(lambda: "oil" in studio.thumbnails)
    studio.thumbnails.stop()
    studio.thumbnails.stop()
