"""How the GPUs of a cluster are shared out among the replicas of a fleet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamv2v_cam.engine.remote.fleet.plan import FleetPlan

from streamv2v.config import StreamConfig

PLAN = FleetPlan(StreamConfig(), "folder", "print", "hosts", replicas=1, most_replicas=3)


def test_a_share_that_was_asked_for_stays() -> None:
    assert replace(PLAN, gpu_share=0.5).shared_out(8).gpu_share == 0.5


def test_gpus_are_shared_out_so_that_all_replicas_fit() -> None:
    share = PLAN.shared_out(1).gpu_share
    assert share == 0.333 and 3 * share <= 1
    assert PLAN.shared_out(8).gpu_share == 1.0
    assert PLAN.shared_out(0).gpu_share == 0.0


@pytest.mark.parametrize("sessions", [1, 2, 4, 16])
def test_replicas_that_are_all_full_are_too_few_however_many_sessions_one_takes(sessions: int) -> None:
    target = replace(PLAN, sessions=sessions).number["autoscaling_config"]["target_ongoing_requests"]
    assert 0 < target < sessions


def test_a_fleet_that_may_not_grow_has_its_number_of_replicas() -> None:
    assert replace(PLAN, replicas=3).number == {"num_replicas": 3}
    assert replace(PLAN, replicas=4).number == {"num_replicas": 4}


def test_a_fleet_of_processors_takes_no_gpu() -> None:
    assert replace(PLAN, config=StreamConfig(device="cpu")).shared_out(8).gpu_share == 0.0
