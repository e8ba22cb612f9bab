"""Sinks: where published pictures go, and the words that name them."""

from __future__ import annotations

from pathlib import Path

from ...errors import SinkError
from ...interfaces import Sink
from .null import NullSink
from .preview import PreviewSink

VIDEO_ENDINGS = (".mp4", ".mkv", ".mov")

__all__ = ["NullSink", "PreviewSink", "is_file_sink", "open_sink"]


def open_sink(spec: str, *, width: int, height: int, fps: float) -> Sink:
    """Open what `spec` names.

    Args:
        spec: "camera" | "camera:/dev/video10" | "null" | a path that ends in .mp4, .mkv or .mov.
        width, height: published size in pixels.
        fps: published rate.

    Raises:
        SinkError: what was wanted, what was found, what to do.
    """
    spec = spec.strip()
    if spec == "null":
        return NullSink()
    if spec == "camera" or spec.startswith("camera:"):
        from .virtualcam import VirtualCameraSink

        return VirtualCameraSink(width=width, height=height, fps=fps, device=spec.partition(":")[2].strip() or None)
    if is_file_sink(spec):
        from .video import VideoFileSink

        return VideoFileSink(Path(spec), width=width, height=height, fps=fps)
    raise SinkError(f"Sink {spec!r} is not known. Use camera, camera:DEVICE, null, or a file ending in .mp4 or .mkv.")


def is_file_sink(spec: str) -> bool:
    """Whether `spec` names a file, which must get every beat."""
    return spec.strip().lower().endswith(VIDEO_ENDINGS)
