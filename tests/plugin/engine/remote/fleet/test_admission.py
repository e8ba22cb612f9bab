"""How many sessions one copy of the weights carries, by memory."""

from __future__ import annotations

from streamv2v_cam.engine.remote.fleet.admission import no_room, session_bytes, sessions_that_fit, shared_bytes

from streamv2v.models.preflight import MIB, Needs

NEEDS = Needs(
    {
        "U-Net weights": 1000 * MIB,
        "VAE weights": 100 * MIB,
        "feature bank": 50 * MIB,
        "working tensors": 30 * MIB,
        "device and libraries": 500 * MIB,
        "margin": 20 * MIB,
    },
    ("working tensors", "device and libraries", "margin"),
)


def test_weights_and_libraries_are_there_once_and_the_rest_for_every_session() -> None:
    assert shared_bytes(NEEDS) == 1600 * MIB
    assert session_bytes(NEEDS) == 100 * MIB


def test_sessions_fill_what_the_weights_leave() -> None:
    assert sessions_that_fit(NEEDS, 1999 * MIB) == 3
    assert sessions_that_fit(NEEDS, 1500 * MIB) == 0


def test_the_last_session_that_fits_is_let_in_and_the_next_is_told_why_not() -> None:
    assert no_room(NEEDS, [NEEDS] * 3, 2000 * MIB) == ""
    words = no_room(NEEDS, [NEEDS] * 3, 1999 * MIB)
    assert "beside 3" in words and "2.0 GiB" in words
