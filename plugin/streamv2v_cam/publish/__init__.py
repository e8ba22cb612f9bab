"""Publish: a picture on every beat, to the virtual camera, a file, a page."""

from .feed import SinkFeed, SinkStatus
from .publisher import OnAir, PublisherThread
from .sinks import NullSink, PreviewSink, SinkOpener, is_file_sink, open_sink

__all__ = [
    "NullSink",
    "OnAir",
    "PreviewSink",
    "PublisherThread",
    "SinkFeed",
    "SinkOpener",
    "SinkStatus",
    "is_file_sink",
    "open_sink",
]
