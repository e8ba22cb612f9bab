"""Which node of v4l2loopback is the virtual camera: ours by its label, never a webcam, another's with a warning."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ...errors import SinkError
from ...system.loopback import (
    LABEL,
    find_loopback,
    is_fed,
    is_loopback,
    is_nameless,
    is_of_obs,
    loopbacks_of,
    strangeness,
)
from ...system.v4l2 import VideoNode, list_nodes

MODULE_VERSION = Path("/sys/module/v4l2loopback/version")
WITHOUT = {
    "Linux": (
        "Install v4l2loopback (Debian and Ubuntu: package v4l2loopback-dkms), then: sudo modprobe v4l2loopback "
        "exclusive_caps=1 card_label=StreamV2V"
    ),
    "Darwin": "Install OBS Studio 30 or newer, and start and stop its virtual camera once.",
    "Windows": "Install OBS Studio; its virtual camera is used.",
}
"""What to do where there is no virtual camera, for each system."""


def chosen_node(wanted: str | None, nodes: list[VideoNode] | None = None) -> VideoNode:
    """The node that `wanted` means, with who else was there in `beside`.

    Args:
        wanted: path of a node, or part of a label; None chooses.
        nodes: all there are; None looks.

    Raises:
        SinkError: there is none, or it is a webcam.
    """
    nodes = list_nodes() if nodes is None else nodes
    found = _chosen(wanted, nodes)
    return replace(found, beside=tuple(node.path for node in loopbacks_of(nodes) if node.path != found.path))


def _chosen(wanted: str | None, nodes: list[VideoNode]) -> VideoNode:
    if wanted is None:
        found = find_loopback(nodes, free=True)
        if found is None:
            raise SinkError(f"No virtual camera was found. {WITHOUT['Linux']}")
        return found
    path = os.path.realpath(wanted) if wanted.startswith("/") else wanted
    named = [node for node in nodes if node.path == path]
    for node in named:
        # a node that could not be asked is left to the opening, which knows why
        if node.driver and not is_loopback(node):
            raise SinkError(f"{wanted!r} is the camera {node.label!r}, no virtual camera. {_instead(nodes)}")
    loopbacks = loopbacks_of(nodes)
    named = named or [node for node in loopbacks if wanted == node.label]
    named = named or [node for node in loopbacks if wanted.lower() in node.label.lower()]
    if not named:
        raise SinkError(f"Virtual camera {wanted!r} does not exist. {_instead(nodes)}")
    return named[0]


def found_again(known: VideoNode, nodes: list[VideoNode] | None = None) -> VideoNode:
    """Where the virtual camera `known` is now: the same node, else one of the same label, and never another's.

    The label of a node that nobody named holds its number, so that any such node which nobody writes to may be it;
    what stood beside it when it was chosen is another one.

    Raises:
        SinkError: it is not there.
    """
    nodes = list_nodes() if nodes is None else nodes
    alike = [node for node in nodes if _alike(known, node)]
    same = next((node for node in alike if node.path == known.path), None)
    moved = (node for node in alike if node.path not in known.beside and not (is_nameless(node) and is_fed(node)))
    found = same or next(moved, None)
    if found is None:
        raise SinkError(f"The virtual camera {known.label!r} is gone. It is opened again when it is back.")
    return found if found is known else replace(found, beside=known.beside)


def _alike(known: VideoNode, node: VideoNode) -> bool:
    if node.driver and not is_loopback(node):
        return False
    return node.label == known.label or (is_nameless(known) and is_nameless(node))


def warning_of(node: VideoNode) -> str | None:
    """What a person should know who gets this node; None where it is ours or nobody's."""
    if strangeness(node) < 2:
        return None
    whose = "OBS" if is_of_obs(node) else "another program"
    return (
        f"The virtual camera {node.label!r} ({node.path}) is named for {whose}, which cannot use it at the same time. "
        f"Load v4l2loopback with a node labelled {LABEL}: streamv2v-cam doctor says how."
    )


def module_version() -> tuple[int, ...] | None:
    """Of the v4l2loopback that is loaded, (0, 15, 0); None where it does not say."""
    try:
        return tuple(int(part) for part in MODULE_VERSION.read_text().strip().split(".")[:3])
    except (OSError, ValueError):
        return None


def _instead(nodes: list[VideoNode]) -> str:
    """Which there are, or how to get one."""
    loopbacks = [f"{node.path} {node.label!r}" for node in loopbacks_of(nodes)]
    return f"There are: {', '.join(loopbacks)}." if loopbacks else WITHOUT["Linux"]
