"""The page of the program and its API: hands on the controls, behind an access token."""

from .choices import ModelChoice, Models, Servers, ServerSeen, SizeChoice, Sizes, SourceChoice
from .report import Desk, JpegSource, ObsNews, Recording, Report, Rests
from .server import ControlServer
from .thumbnails import Thumbnails

__all__ = [
    "ControlServer",
    "Desk",
    "JpegSource",
    "ModelChoice",
    "Models",
    "ObsNews",
    "Recording",
    "Report",
    "Rests",
    "ServerSeen",
    "Servers",
    "SizeChoice",
    "Sizes",
    "SourceChoice",
    "Thumbnails",
]
