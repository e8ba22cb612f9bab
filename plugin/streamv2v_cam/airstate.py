"""The named states of the picture on air."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AirState(StrEnum):
    """What viewers see, and why; every state but the user's own leaves again by itself."""

    STARTING = "starting"
    LIVE = "live"
    CAMERA_LOST = "camera lost"
    ENGINE_RESTARTING = "engine restarting"
    SINK_LOST = "sink lost"
    BYPASS = "bypass"
    FREEZE = "freeze"
    PRIVACY = "privacy"
    RESTING = "resting"


class EngineState(StrEnum):
    """What the engine process is doing, as its supervisor sees it."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class EngineStatus:
    """What the engine process is doing, in a form for slate and page.

    Attributes:
        state: the supervisor's view.
        reason: one line for a person: why it is not running; empty when there is nothing to say.
        progress: short text while it loads, for example "reading the U-Net, 40 %"; may be empty.
    """

    state: EngineState
    reason: str = ""
    progress: str = ""
