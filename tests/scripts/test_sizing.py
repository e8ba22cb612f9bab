"""The model of a fleet: what ends first, how seats grow, what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sizes.model import Engine, Wish, fleet, fps_of, per_device, seats_for

MIB = 1 << 20
ENGINE = Engine(
    frame_s=0.01,
    shared_bytes=2000 * MIB,
    session_bytes=100 * MIB,
    device_bytes=8000 * MIB,
    bytes_in=20_000,
    bytes_out=20_000,
)
WISH = Wish(fps=10, busy=0.8, line_bits=1e9)


def test_time_ends_first_where_frames_are_slow() -> None:
    each = per_device(ENGINE, WISH)
    assert (each.time, each.memory, each.line) == (8, 60, 625)
    assert (each.sessions, each.by) == (8, "time")


def test_memory_or_the_line_ends_first_where_that_is_short() -> None:
    assert per_device(replace(ENGINE, device_bytes=2350 * MIB), WISH).by == "memory"
    assert per_device(ENGINE, replace(WISH, line_bits=3.2e6)).by == "line"
    assert per_device(replace(ENGINE, device_bytes=1000 * MIB), WISH).sessions == 0


def test_sessions_beyond_the_device_s_time_share_it() -> None:
    assert [fps_of(number, ENGINE, 30.0) for number in (1, 3, 4, 20)] == [30.0, 30.0, 25.0, 5.0]


def test_seats_follow_erlangs_tables() -> None:
    # the published tables of Erlang's loss formula at 1 %
    assert [seats_for(mean) for mean in (0.01, 1.0, 4.46, 84.06)] == [1, 5, 10, 100]


def test_a_large_fleet_needs_fewer_seats_a_session() -> None:
    shares = [seats_for(number) / number for number in (10, 1_000, 100_000)]
    assert shares[0] > 1.5 and shares[0] > shares[1] > shares[2] and shares[2] < 1.01


def test_a_fleet_costs_its_devices_and_what_leaves_it() -> None:
    found = fleet(1_000, ENGINE, WISH, device_price=2.0, out_price=0.5)
    assert found.devices == -(-found.seats // 8)
    assert found.out_bits == 8 * 20_000 * 10 * 1_000
    assert found.cost == pytest.approx(found.devices * 2.0 + 720 * 0.5)
    assert fleet(1_000, ENGINE, WISH).cost is None


def test_a_device_that_carries_nobody_is_no_fleet() -> None:
    with pytest.raises(ValueError, match="memory ends first"):
        fleet(10, replace(ENGINE, device_bytes=0), WISH)
