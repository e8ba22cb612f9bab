"""How the GPUs of a cluster are shared out among the replicas of a fleet."""

from __future__ import annotations

from dataclasses import replace

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


def test_a_fleet_of_processors_takes_no_gpu() -> None:
    assert replace(PLAN, config=StreamConfig(device="cpu")).shared_out(8).gpu_share == 0.0
