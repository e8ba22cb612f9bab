"""Motion between styled pictures: the last one is moved to where the camera's newest frame says things are now."""

from .reframing import reframed
from .reprojector import Reprojector

__all__ = ["Reprojector", "reframed"]
