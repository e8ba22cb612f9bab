"""The one line that tells how a run is doing, while it runs and where a person can see it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ..publish import OnAir
from ..system.logs import console
from ..telemetry import TelemetrySnapshot


@contextlib.contextmanager
def status_line() -> Iterator[Callable[[Callable[[], str]], None]]:
    """Within it, the call it gives asks for the line and shows it; where stderr is no terminal it does neither."""
    if not console.is_terminal:
        yield lambda told: None
        return
    with console.status("starting") as shown:
        yield lambda told: shown.update(told())


def latency_words(motion_ms: float, look_ms: float) -> str:
    """How late the picture is: what moves in it and the look; one number where nothing is moved along."""
    if not look_ms or abs(look_ms - motion_ms) < 1:
        return f"{motion_ms:.0f} ms from camera to air"
    return f"motion {motion_ms:.0f} ms, look {look_ms:.0f} ms"


def words(air: OnAir, figures: TelemetrySnapshot, look: str | None, restarts: int) -> str:
    """State, rates and delay in one line."""
    parts = [str(air.state)]
    if air.progress or air.reason:
        parts.append(air.progress or air.reason)
    parts.append(f"{figures.publish_fps:.0f} fps on air")
    parts.append(f"{figures.engine_fps:.1f} fps styled")
    if figures.latency_p50_ms:
        parts.append(latency_words(figures.latency_p50_ms, figures.look_p50_ms))
    if look:
        parts.append(f"look {look}")
    if restarts:
        parts.append(f"{restarts} restart{'s' if restarts > 1 else ''}")
    return " · ".join(parts).replace("[", r"\[")
