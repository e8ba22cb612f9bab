"""The named states of the picture on air."""

from __future__ import annotations

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


class EngineState(StrEnum):
    """What the engine process is doing, as its supervisor sees it."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"
