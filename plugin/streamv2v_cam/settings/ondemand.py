"""The section of the mode on demand."""

from __future__ import annotations

from pydantic import Field

from .kinds import Section


class OnDemandSettings(Section):
    """On demand: camera and engine rest while nobody watches; Linux sees who reads the virtual camera."""

    on: bool = Field(default=False, description="let go of the camera and rest the engine while nobody watches")
    after_s: float = Field(
        default=5.0, ge=1, le=3600, description="rest so long after the last one who watched has gone, s"
    )
    unload_after_s: float | None = Field(
        default=None,
        ge=10,
        le=86400,
        description="end a resting engine after so long, s, to free its memory; unset keeps it ready",
    )
