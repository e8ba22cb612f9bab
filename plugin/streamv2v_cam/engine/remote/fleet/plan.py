"""What a fleet is made of, as every part of it is told."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from streamv2v.config import StreamConfig

FULLER = 0.75
"""Share of a replica's sessions at which one more replica is asked for."""
SURE_S, LOOK_BACK_S = 5.0, 15.0
"""That must have been so for so long, in the mean of so long: who has come stays for hours, and is no noise. Serve
counts every ten seconds, and asks that it be looked back on for longer."""


@dataclass(frozen=True)
class FleetPlan:
    """A fleet.

    Attributes:
        config: what every replica loads; hosts choose the size alone.
        folder: certificate and key, at the same path on every machine.
        fingerprint: of the certificate.
        hosts: folder of the paired hosts, on the head of the cluster.
        replicas, most_replicas: at least and at most; the same for a fixed number.
        sessions: that one replica takes; memory may allow fewer.
        gpu_share: of a GPU for each replica, 0 for none; None shares out what the cluster has when the fleet starts.
        threads: CPU threads of each replica's mathematics, which is also the cores that it asks the cluster for.
        patience_s: a replica that is at one frame for longer is replaced.
        drain_s: how long sessions go on in a replica that is to end, before their lines are closed.
        idle_s: how long there have been too many replicas before one is ended.
    """

    config: StreamConfig
    folder: str
    fingerprint: str
    hosts: str
    replicas: int = 1
    most_replicas: int = 1
    sessions: int = 4
    gpu_share: float | None = None
    threads: int = 1
    patience_s: float = 60.0
    drain_s: float = 3600.0
    idle_s: float = 600.0

    @property
    def most(self) -> int:
        """Replicas at most."""
        return max(self.replicas, self.most_replicas)

    @property
    def number(self) -> dict[str, Any]:
        """How many replicas there are, as an option of Serve's deployments."""
        if self.most == self.replicas:
            return {"num_replicas": self.replicas}
        return {
            "autoscaling_config": {
                "min_replicas": self.replicas,
                "max_replicas": self.most,
                "target_ongoing_requests": FULLER * self.sessions,
                "look_back_period_s": LOOK_BACK_S,
                "upscale_delay_s": SURE_S,
                "downscale_delay_s": self.idle_s,
            }
        }

    def shared_out(self, gpus: float) -> FleetPlan:
        """The plan with so many GPUs for all its replicas, where it names no share itself."""
        if self.gpu_share is not None:
            return self
        share = 0.0 if self.config.device == "cpu" else min(1.0, math.floor(1000 * gpus / self.most) / 1000)
        return replace(self, gpu_share=share)
