"""The page of the program and its API: hands on the controls, reachable from this machine only."""

from .report import JpegSource, Report
from .server import ControlServer

__all__ = ["ControlServer", "JpegSource", "Report"]
