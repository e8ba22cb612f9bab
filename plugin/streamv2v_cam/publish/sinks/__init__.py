"""Sinks: where published pictures go, and the words that name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import SinkError
from ...interfaces import Sink
from .null import NullSink
from .preview import PreviewSink

VIDEO_ENDINGS = (".mp4", ".mkv", ".mov")

__all__ = ["NullSink", "PreviewSink", "SinkOpener", "is_file_sink", "open_sink"]


class SinkOpener:
    """`open_sink` that can be called again after a loss, and then finds the very same virtual camera.

    Its number may be another by then, and what another program writes to must not be taken in its place.

    Args:
        spec, width, height, fps: as there.
    """

    def __init__(self, spec: str, *, width: int, height: int, fps: float) -> None:
        self._spec = spec
        self._how: dict[str, Any] = dict(width=width, height=height, fps=fps)
        self._known: Any = None

    def __call__(self) -> Sink:
        if self._known is not None:
            from .virtualcam import VirtualCameraSink

            return VirtualCameraSink(known=self._known, **self._how)
        sink = open_sink(self._spec, **self._how)
        self._known = getattr(sink, "node", None)
        return sink


def open_sink(spec: str, *, width: int, height: int, fps: float) -> Sink:
    """Open what `spec` names, once.

    Args:
        spec: "camera" | "camera:/dev/video10" | "camera:StreamV2V" | "null" | a path that ends in .mp4, .mkv or .mov.
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
