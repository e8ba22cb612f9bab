"""Capture: from a camera, a file, an address or the drawn presenter to the newest framed picture."""

from .cameras import CameraInfo, list_cameras
from .opening import SourceOpener, open_source
from .thread import CaptureThread

__all__ = ["CameraInfo", "CaptureThread", "SourceOpener", "list_cameras", "open_source"]
