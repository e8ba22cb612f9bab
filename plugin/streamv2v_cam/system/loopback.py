"""v4l2loopback's nodes and whose they are, by their labels: ours, OBS's, nobody's, another program's."""

from __future__ import annotations

from .v4l2 import LOOPBACK_DRIVER, VideoNode, list_nodes

LABEL = "StreamV2V"
OBS_LABEL = "OBS Virtual Camera"
NO_LABEL = "Dummy video device"
"""What v4l2loopback calls a node that nobody named."""


def is_loopback(node: VideoNode) -> bool:
    """Whether it is a node of v4l2loopback; one that could not be asked is known by its place in /sys and its label."""
    if node.driver:
        return node.driver == LOOPBACK_DRIVER
    label = node.label.lower()
    named = any(known.lower() in label for known in (LABEL, OBS_LABEL)) or is_nameless(node)
    return node.virtual or bool(node.state) or named


def loopbacks_of(nodes: list[VideoNode]) -> list[VideoNode]:
    """Those of v4l2loopback among them."""
    return [node for node in nodes if is_loopback(node)]


def find_loopback(nodes: list[VideoNode] | None = None, *, free: bool = False) -> VideoNode | None:
    """Ours by its label, else one without a name, else the first that is not OBS's; None when there is none.

    Args:
        nodes: all there are; None looks.
        free: of several that are as near, rather one that no program writes to: for who wants to write.
    """
    found = loopbacks_of(list_nodes() if nodes is None else nodes)
    return min(
        (node for node in found if not is_of_obs(node)),
        key=lambda node: (strangeness(node), free and is_fed(node)),
        default=None,
    )


def is_fed(node: VideoNode) -> bool:
    """Whether a program writes to a loopback.

    Its module says so; what it announces says it only where it is loaded with `exclusive_caps`.
    """
    return {"capture": True, "output": False}.get(node.state, node.captures)


def is_of_obs(node: VideoNode) -> bool:
    """Whether it is the one that OBS's own virtual camera takes."""
    return OBS_LABEL.lower() in node.label.lower()


def is_nameless(node: VideoNode) -> bool:
    """Whether nobody named it; its label then holds the number that it has at the moment."""
    return node.label.lower().startswith(NO_LABEL.lower())


def strangeness(node: VideoNode) -> int:
    """0 ours, 1 nobody's, 2 somebody else's."""
    return 0 if LABEL.lower() in node.label.lower() else 1 if is_nameless(node) else 2
