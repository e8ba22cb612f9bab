"""Motion between styled pictures: the last one is moved to where the camera's newest frame says things are now."""

from .flow import FlowSearch
from .moved import Styled, look_between
from .reframing import reframed
from .reprojector import Reprojector

__all__ = ["FlowSearch", "Reprojector", "Styled", "look_between", "reframed"]
