"""The application that Ray Serve runs, as `deploy/serve.yaml` and `deploy/kuberay.yaml` name it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from ray import serve  # pyright: ignore[reportMissingImports]

from ....settings.loading import default_config_path, load_settings
from ..certificate import server_context
from .door import Door
from .plan import FleetPlan
from .replica import Replica

NAME = "streamv2v"
REFUSED = 2
"""Lines beside the sessions of a full replica: they are told that it is full, where a queue would let them wait."""
ON_THE_HEAD = {"num_cpus": 0, "resources": {"node:__internal_head__": 0.001}}
"""The head is the one machine of a cluster that outlives the others, and has the file of the paired hosts."""
SURGE_PERCENT = 25
"""Of the replicas, that an update starts beside the old ones. Without, an old one takes nobody any more while its
successor loads, or waits for a GPU that the old one holds for as long as its sessions last."""

_door = serve.deployment(
    name="Door",
    num_replicas=1,
    max_ongoing_requests=64,
    max_surge_percent=SURGE_PERCENT,
    ray_actor_options=ON_THE_HEAD,
)(Door)
_engine = serve.deployment(name="Engine", max_surge_percent=SURGE_PERCENT)(serve.ingress()(Replica))


class Given(BaseModel):
    """What a Serve configuration may say; the rest is the settings file's.

    Attributes:
        config: settings file; None for the usual one.
        folder: certificate and key; None for `serve` beside the settings.
        hosts: folder of the paired hosts; None for the same.
        others: as in `FleetPlan`.
    """

    model_config = ConfigDict(extra="forbid")

    config: Path | None = None
    folder: Path | None = None
    hosts: Path | None = None
    replicas: int = Field(1, ge=1)
    most_replicas: int = Field(1, ge=1)
    sessions: int = Field(4, ge=1)
    gpu_share: float = Field(0.0, ge=0, le=1)
    threads: int = Field(1, ge=1)
    drain_s: float = Field(3600.0, ge=0)
    idle_s: float = Field(600.0, ge=0)


def app(args: dict[str, Any]) -> Any:
    """The application, as a Serve configuration asks for it.

    Args:
        args: as in `Given`.

    Raises:
        ValidationError: something else, or a value that is not allowed.
        SettingsError: the settings, or the certificate, cannot be read.
    """
    given = Given.model_validate(args)
    settings = load_settings(config_path=given.config)
    folder = given.folder or (given.config or default_config_path()).parent / "serve"
    _, fingerprint = server_context(folder, socket.gethostname())
    numbers = given.model_dump(exclude={"config", "folder", "hosts"})
    return application(
        FleetPlan(settings.stream_config(), str(folder), fingerprint, str(given.hosts or folder), **numbers)
    )


def application(plan: FleetPlan) -> Any:
    """The fleet as Serve takes it: replicas that scale with their open sessions, and the door behind them."""
    replicas = _engine.options(
        max_ongoing_requests=plan.sessions + REFUSED,
        graceful_shutdown_timeout_s=plan.drain_s,
        ray_actor_options={"num_cpus": plan.threads, "num_gpus": plan.gpu_share or 0},
        **plan.number,
    )
    return replicas.bind(plan, _door.bind(plan.hosts))
