"""A fleet that `serve --ray` starts: on this machine, or on the cluster that RAY_ADDRESS names."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from ....errors import EngineError, SettingsError
from ....system.stopping import rest
from ...protocol import chosen_niceness
from ..certificate import CERTIFICATE, KEY, server_context
from .door import DoorAfar
from .plan import FleetPlan

WANTED = (
    "A fleet needs Ray Serve, which is not installed here. Install it: pip install 'streamv2v-cam[fleet]'; "
    "or serve without --ray."
)
MEMORY_BYTES = 128 << 20
"""Of Ray's store for objects; nothing large goes through it."""
AT_HOME = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""The one way to Ray's loopback address: a node that is told to be at 127.0.0.1 takes the machine's own instead."""
WAIT_S = 0.2
PROXY_CHECK_S = 2
"""A proxy that died is replaced after three looks at it, and until then nobody of its machine is drawn for."""


class Fleet:
    """Ray with a fleet on it, and its door.

    On a cluster that runs already a fleet that is there is left as it is, and goes on after `stop`.

    Args:
        plan: of the fleet.
        host, port: where it listens.

    Raises:
        SettingsError: Ray is not installed, or the certificate cannot be made or read.
        EngineError: the fleet does not start, with its reason.
    """

    def __init__(self, plan: FleetPlan, *, host: str = "0.0.0.0", port: int = 8770) -> None:
        for name, value in _environment().items():
            os.environ.setdefault(name, value)
        try:
            import ray  # pyright: ignore[reportMissingImports]
            from ray import serve  # pyright: ignore[reportMissingImports]

            from .application import NAME, application
        except ImportError as error:
            raise SettingsError(WANTED) from error
        self._ray, self._serve = ray, serve
        self.port, self.fingerprint = port, plan.fingerprint
        folder = Path(plan.folder)
        options: dict[str, Any] = {"ssl_certfile": str(folder / CERTIFICATE), "ssl_keyfile": str(folder / KEY)}
        try:
            ray.init(**_init_options(plan))
            if NAME not in serve.status().applications:
                serve.start(http_options={"host": host, "port": port, **options})
                gpus = ray.cluster_resources().get("GPU", 0.0)
                serve.run(application(plan.shared_out(gpus)), name=NAME)
            self.code = self.hosts = self._door(NAME)
        except Exception as error:
            self.stop()
            raise EngineError(f"The fleet does not start: {_reason(error)}") from error

    def _door(self, name: str) -> DoorAfar:
        """The fleet's door, once it is there: what somebody has just deployed takes its time."""
        while True:
            fleet = self._serve.status().applications[name]
            door = fleet.deployments.get("Door")
            if door is not None and door.replica_states.get("RUNNING"):
                return DoorAfar(self._serve.get_deployment_handle("Door", name))
            if fleet.status == "DEPLOY_FAILED":
                raise EngineError(fleet.message)
            rest(WAIT_S)

    def stop(self) -> None:
        """End the fleet where Ray was started here; safe to call twice."""
        with contextlib.suppress(Exception):
            if not os.environ.get("RAY_ADDRESS"):
                self._ray.shutdown()
                # Serve keeps asking the controller that has ended: another fleet in this process would not start
                from ray.serve import context  # pyright: ignore[reportMissingImports]

                context._set_global_client(None)


def plan_for(config: Any, folder: Path, **numbers: Any) -> FleetPlan:
    """A plan whose certificate is in `folder`, made there where there is none."""
    _, fingerprint = server_context(folder, socket.gethostname())
    return FleetPlan(config, str(folder), fingerprint, str(folder), **numbers)


def _environment() -> dict[str, str]:
    """Of Ray, before it is imported: it tells nobody that it runs, and its parts know each other by a token.

    Its replicas step back as far as any engine does, not behind all other work, which is Ray's own way.
    """
    told = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0", "RAY_worker_niceness": str(chosen_niceness())}
    if not os.environ.get("RAY_ADDRESS"):
        told |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), **AT_HOME}
        told["RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S"] = str(PROXY_CHECK_S)
    return told


def _init_options(plan: FleetPlan) -> dict[str, Any]:
    if os.environ.get("RAY_ADDRESS"):
        return {"log_to_driver": False}
    cores = max(os.cpu_count() or 1, plan.threads * plan.most)
    return {
        "log_to_driver": False,
        "logging_level": logging.WARNING,
        "include_dashboard": False,
        "num_cpus": cores,
        "object_store_memory": MEMORY_BYTES,
    }


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:400]
