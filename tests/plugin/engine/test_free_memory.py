"""How much memory may still be taken, and whether the system has ended somebody for want of it."""

from __future__ import annotations

from pathlib import Path

from streamv2v_cam.engine.free_memory import free_system_bytes, kills_for_memory

MIB = 1 << 20


def group(place: Path, *, limit: int, used: int, first: bool = False) -> None:
    """A control group with a limit and what is taken of it."""
    place.mkdir(parents=True, exist_ok=True)
    (place / ("memory.limit_in_bytes" if first else "memory.max")).write_text(f"{limit * MIB}\n")
    (place / ("memory.usage_in_bytes" if first else "memory.current")).write_text(f"{used * MIB}\n")
    (place / "memory.stat").write_text(f"inactive_file {MIB}\ntotal_inactive_file {2 * MIB}\n")


def test_the_limit_of_the_service_that_it_runs_in_counts_and_so_does_that_of_every_slice_around_it(tmp_path: Path):
    own = tmp_path / "own"
    own.write_text("0::/user.slice/streamv2v-cam.service\n")
    service = tmp_path / "user.slice" / "streamv2v-cam.service"
    group(service, limit=300, used=100)
    assert free_system_bytes(tmp_path, own) == 201 * MIB
    group(tmp_path / "user.slice", limit=400, used=390)
    assert free_system_bytes(tmp_path, own) == 11 * MIB
    (tmp_path / "user.slice" / "memory.max").write_text("max\n")
    assert free_system_bytes(tmp_path, own) == 201 * MIB


def test_limits_of_the_first_kind_of_control_groups_count_too(tmp_path: Path):
    own = tmp_path / "own"
    own.write_text("9:name=systemd:/\n4:cpuset,memory:/docker/one\n0::/\n")
    group(tmp_path / "memory" / "docker" / "one", limit=50, used=40, first=True)
    assert free_system_bytes(tmp_path, own) == 12 * MIB


def test_what_the_system_has_ended_for_want_of_memory_is_read_and_0_where_it_is_not_told(tmp_path: Path):
    counters = tmp_path / "vmstat"
    counters.write_text("pgfault 7\noom_kill 3\n")
    assert kills_for_memory(counters) == 3
    assert kills_for_memory(tmp_path / "nothing") == 0
