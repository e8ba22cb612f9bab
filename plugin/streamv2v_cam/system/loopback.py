"""v4l2loopback's nodes and whose they are, by their labels: ours, OBS's, nobody's, another program's."""

from __future__ import annotations

from .v4l2 import LOOPBACK_DRIVER, VideoNode, list_nodes

LABEL = "StreamV2V"
OBS_LABEL = "OBS Virtual Camera"
NO_LABEL = "Dummy video device"
"""What v4l2loopback calls a node that nobody named."""


def find_loopback(nodes: list[VideoNode] | None = None) -> VideoNode | None:
    """Ours by its label, else one without a name, else the first that is not OBS's; None when there is none."""
    loopbacks = [node for node in (list_nodes() if nodes is None else nodes) if node.driver == LOOPBACK_DRIVER]
    return min((node for node in loopbacks if not is_of_obs(node)), key=strangeness, default=None)


def is_of_obs(node: VideoNode) -> bool:
    """Whether it is the one that OBS's own virtual camera takes."""
    return OBS_LABEL.lower() in node.label.lower()


def strangeness(node: VideoNode) -> int:
    """0 ours, 1 nobody's, 2 somebody else's."""
    label = node.label.lower()
    return 0 if LABEL.lower() in label else 1 if label.startswith(NO_LABEL.lower()) else 2
