"""The same fleet deployed anew with somebody on air: who is there stays a while, and who comes is let in."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

import pytest
from plugin.engine.remote.conftest import HIGH, WIDE, Host, meet
from streamv2v_cam.engine.protocol import Failure
from streamv2v_cam.engine.remote.fleet.plan import FleetPlan
from streamv2v_cam.engine.remote.fleet.running import Fleet, plan_for
from tiny import save_tiny_model

from streamv2v.config import StreamConfig

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray Serve is not installed: python3 installer test -- -m fleet installs it",
    ),
]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> FleetPlan:
    folder = tmp_path_factory.mktemp("fleet")
    model = str(save_tiny_model(folder / "model"))
    config = StreamConfig(model=model, width=WIDE, height=HIGH, device="cpu", compile_cache=None)
    return plan_for(config, folder / "serve", sessions=2, gpu_share=0.0, drain_s=15.0)


@pytest.fixture(scope="module")
def fleet(plan: FleetPlan) -> Iterator[Fleet]:
    running = Fleet(plan, host="127.0.0.1", port=8793)
    yield running
    running.stop()


def replicas(state: str) -> int:
    from ray import serve
    from streamv2v_cam.engine.remote.fleet.application import NAME

    states = serve.status().applications[NAME].deployments["Engine"].replica_states
    return sum(count for name, count in states.items() if name == state)


def test_an_update_lets_newcomers_in_at_once_and_moves_who_was_on_air_when_its_time_is_over(
    fleet: Fleet, plan: FleetPlan, home: object, host_of: Callable[..., Host]
) -> None:
    from ray import serve
    from streamv2v_cam.engine.remote.fleet.application import NAME, application

    address = meet(fleet)  # type: ignore[arg-type]
    here = host_of(address)
    assert here.play(lambda: len(here.styled) > 5, within_s=120), here.heard
    again = serve.RunTarget(application(plan), name=NAME)
    serve.run_many([again], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)
    assert here.play(lambda: replicas("STOPPING"), within_s=120)
    assert replicas("RUNNING") == 1, "the old one takes hosts until there is a new one"
    drawn = len(here.styled)
    assert here.play(lambda: len(here.styled) > drawn + 5, within_s=60) and not here.said(Failure)
    new = host_of(address)
    assert new.play(lambda: new.styled, within_s=60), new.heard
    assert here.play(lambda: here.said(Failure), within_s=60), "its time is over"
    moved = host_of(address)
    assert moved.play(lambda: moved.styled, within_s=60), moved.heard
    drawn = len(new.styled)
    assert new.play(lambda: len(new.styled) > drawn, within_s=60) and not new.said(Failure)
