"""Real Ray Serve on this machine: two replicas on a tiny model, hosts through its proxy over pinned TLS."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from patience import until
from plugin.engine.remote.conftest import HIGH, WIDE, Host, meet
from streamv2v_cam.engine.protocol import Failure, FailureKind, Progress, Ready
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.certificate import pinned_context
from streamv2v_cam.engine.remote.fleet.running import Fleet, plan_for
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.server import ENGINE_PATH
from streamv2v_cam.engine.remote.wire import Hello, words
from streamv2v_cam.errors import EngineError
from streamv2v_cam.store import ControlStore
from tiny import save_tiny_model
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from streamv2v.config import StreamConfig

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray Serve is not installed: python3 installer test -- -m fleet installs it",
    ),
]
DEPLOY = Path(__file__).resolve().parents[5] / "deploy"
REPLICA = "ray::ServeReplica:streamv2v:Engine"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    config = StreamConfig(
        model=str(save_tiny_model(folder / "model")), width=WIDE, height=HIGH, device="cpu", compile_cache=None
    )
    running = Fleet(
        plan_for(config, folder / "serve", replicas=2, most_replicas=2, sessions=2), host="127.0.0.1", port=8799
    )
    yield running
    running.stop()


@pytest.fixture
def address(fleet: Fleet, home: object) -> ServerAddress:
    return meet(fleet)  # type: ignore[arg-type]


def replicas() -> list[int]:
    """Processes of the replicas."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            found += [child.pid] if " ".join(child.cmdline()).startswith(REPLICA) else []
    return found


def failed(host: Host) -> bool:
    return host.play(lambda: host.said(Failure), within_s=0.3)


def test_a_paired_host_is_drawn_for_and_a_replica_that_dies_loses_nobody(
    fleet: Fleet, address: ServerAddress, host_of: Callable[..., Host]
) -> None:
    hosts = [host_of(address, prompt=prompt) for prompt in ("a red man", "oil painting")]
    for host in hosts:
        assert host.play(lambda host=host: len(host.styled) > 5, within_s=120), host.heard
    assert hosts[0].said(Ready)[0].facts["server"] == str(address)
    assert len(replicas()) == 2
    os.kill(replicas()[0], signal.SIGKILL)
    assert until(lambda: sum(failed(host) for host in hosts), within_s=60)
    lost = [host for host in hosts if host.said(Failure)]
    assert len(lost) == 1, "the other replica works on"
    assert lost[0].said(Failure)[0].kind is FailureKind.CRASH
    again = host_of(address, prompt="a red man")
    assert again.play(lambda: len(again.styled) > 5, within_s=60), "the replica that is left has room"
    assert until(lambda: len(replicas()) == 2, within_s=60), "and another takes the place of the one that died"


def test_a_full_fleet_says_so_and_takes_the_next_when_one_leaves(
    fleet: Fleet, address: ServerAddress, host_of: Callable[..., Host]
) -> None:
    assert until(lambda: len(replicas()) == 2, within_s=60)
    hosts = [host_of(address) for _ in range(4)]
    for host in hosts:
        assert host.play(lambda host=host: host.styled, within_s=120)
    fifth = host_of(address)
    assert fifth.play(lambda: any("is full" in progress.text for progress in fifth.said(Progress)), within_s=60)
    hosts[0].link.close()
    assert fifth.play(lambda: fifth.styled, within_s=60)


def test_a_line_that_serve_itself_ends_leaves_its_seat_to_the_next(
    fleet: Fleet, address: ServerAddress, host_of: Callable[..., Host]
) -> None:
    assert until(lambda: len(replicas()) == 2, within_s=60)
    for _ in range(5):
        asyncio.run(ended_by_serve(address))
    hosts = [host_of(address) for _ in range(4)]
    for host in hosts:
        assert host.play(lambda host=host: host.styled, within_s=60), host.heard


async def ended_by_serve(address: ServerAddress) -> None:
    """A line that asks to be no longer than a second, which Serve's proxy then ends."""
    certificate, token = known_servers().of(address)
    headers = {"Authorization": f"Bearer {token}", "X-Request-Timeout-Seconds": "1"}
    context = pinned_context(certificate)
    async with connect(address.url(ENGINE_PATH), ssl=context, additional_headers=headers, proxy=None) as line:
        await line.send(words(Hello(WIDE, HIGH, "jpeg", ControlStore().current)))
        with pytest.raises(ConnectionClosed):
            while True:
                await line.recv()


def test_ray_s_parts_are_at_home_for_this_machine_alone(fleet: Fleet) -> None:
    """Serve's replicas have one port each at every address, which Serve does not let anybody choose; it asks for the
    token as all others do.
    """
    at_home, reached = set(), set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            for line in child.net_connections("inet"):
                if line.status == psutil.CONN_LISTEN:
                    where = at_home if line.laddr.ip.endswith("127.0.0.1") else reached
                    where.add(child.cmdline()[0])
    assert any("gcs_server" in name for name in at_home)
    assert all(name.startswith("ray::ServeReplica:streamv2v:") for name in reached), reached


def test_nobody_else_is_let_in(fleet: Fleet, address: ServerAddress, host_of: Callable[..., Host]) -> None:
    certificate, _ = known_servers().of(address)
    known_servers().add(address, certificate, "another token")
    stranger = host_of(address)
    stranger.play(lambda: stranger.said(Failure), within_s=20)
    assert not stranger.styled and not stranger.said(Ready)
    with pytest.raises(EngineError):
        meet_again(fleet, address)


def meet_again(fleet: Fleet, address: ServerAddress) -> None:
    from streamv2v_cam.engine.remote.meeting import pair

    pair(address, "AAAA-AAAA-AAAA", known_servers(), name="a stranger")


def test_serve_and_the_application_take_the_configurations() -> None:
    import yaml
    from ray.serve.schema import ServeDeploySchema
    from streamv2v_cam.engine.remote.fleet.application import Given

    manifest = yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text("utf-8"))
    service = next(one for one in manifest if one["kind"] == "RayService")
    for text in (service["spec"]["serveConfigV2"], (DEPLOY / "serve.yaml").read_text("utf-8")):
        taken = ServeDeploySchema.model_validate(yaml.safe_load(text))
        assert Given.model_validate(taken.applications[0].args).sessions == 4
