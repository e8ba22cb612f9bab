"""The run in figures: as plain values for programs, and as one line for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine.reserve import Kept
from ..publish import PublisherThread
from ..store import Snapshot
from ..telemetry import TelemetrySnapshot
from .statusline import latency_words


def summary_of(
    figures: TelemetrySnapshot,
    publisher: PublisherThread,
    supervisor: Kept,
    now: Snapshot,
    *,
    source: str,
    page: str,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything that was counted and timed, ready for JSON.

    Args:
        figures: of the whole run.
        publisher, supervisor: of the run.
        now: the live values.
        source: what was read last, for people.
        page: its address, without the token.
        facts: what the engine says of itself.
    """
    return {
        "duration_s": round(figures.uptime_s, 2),
        "frames": figures.published,
        "fps": round(figures.publish_fps, 2),
        "captured": figures.captured,
        "capture_fps": round(figures.capture_fps, 2),
        "styled": figures.styled,
        "engine_fps": round(figures.engine_fps, 2),
        "engine_ms": figures.engine_ms,
        "dropped": figures.captured_dropped,
        "repeated": figures.repeated,
        "late": figures.late,
        "latency_ms": {
            "p50": figures.latency_p50_ms,
            "p95": figures.latency_p95_ms,
            "p99": figures.latency_p99_ms,
        },
        "look_latency_ms": {"p50": figures.look_p50_ms, "p95": figures.look_p95_ms},
        "interval_ms": figures.intervals_ms,
        "engine_restarts": supervisor.restarts,
        "states": [str(state) for state in publisher.states_seen],
        "sinks": [
            {"name": sink.name, "frames": sink.frames, "dropped": sink.dropped, "lost": sink.lost}
            for sink in publisher.on_air.sinks
        ],
        "source": source,
        "page": page,
        "look": now.look,
        "prompt": now.controls.prompt,
        "engine": dict(facts),
    }


def closing_line(summary: dict[str, Any]) -> str:
    """The run in one line."""
    parts = [
        f"{summary['frames']} pictures in {summary['duration_s']:.0f} s",
        f"{summary['engine_fps']:.1f} styled a second",
    ]
    if summary["latency_ms"]["p50"]:
        parts.append(latency_words(summary["latency_ms"]["p50"], summary["look_latency_ms"]["p50"]))
    return ", ".join(parts)
