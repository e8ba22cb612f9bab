"""A styled picture at the places of another camera frame, and one between two styled pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...frame import Pixels
from .borrowing import fill
from .flow import FlowSearch, Motion, exposed, motion, warped

LEAST_TRUST_LOST = 0.02
LEAST_WEIGHT = 0.001


@dataclass(frozen=True)
class Styled:
    """A styled picture and the camera frame it was made of, both RGB uint8 `[h, w, 3]`."""

    look: Pixels
    camera: Pixels


def moved_look(styled: Styled, camera: Pixels, found: Motion, *, borrow: bool) -> Any:
    """The styled picture at the places of `camera`, filled where the flow is not trusted.

    Args:
        styled: what is moved.
        camera: the frame to move it to, RGB uint8 `[h, w, 3]`.
        found: the motion from `styled.camera` to `camera`.
        borrow: whether anything but motion may be taken from `camera`.

    Returns:
        `[h, w, 3]`, 0..255: `styled.look` itself where nothing moved; uint8, or float32 where something was filled.
    """
    if not found.moving.any():
        return styled.look
    look = warped(styled.look, found.flow)
    doubt = 1.0 - found.trust
    if not borrow or float(doubt.max()) < LEAST_TRUST_LOST:
        return look
    there = warped(exposed(styled.camera, found.gain), found.flow)
    filled = fill(camera, there, look.astype(np.float32))
    return look + doubt[..., None] * (filled - look)


def look_between(
    search: FlowSearch, camera: Pixels, before: Styled, after: Styled, share: float, *, borrow: bool = True
) -> Pixels:
    """The look of a frame that was not styled, out of the styled ones on both sides of it.

    Args:
        camera: that frame, RGB uint8 `[h, w, 3]`.
        before, after: the styled frames around it.
        share: how far it lies on the way from the one to the other, 0..1.
        borrow: whether anything but motion may be taken from `camera`.

    Returns:
        RGB uint8 `[h, w, 3]`. A side that shows another scene is left out; where both do, the nearer one is repeated.
    """
    sides = []
    for styled, weight in ((before, 1.0 - share), (after, share)):
        found = motion(search, camera, styled.camera)
        if not found.cut:
            sides.append((moved_look(styled, camera, found, borrow=borrow), (found.trust + LEAST_WEIGHT) * weight))
    if not sides:
        return before.look if share <= 0.5 else after.look
    if len(sides) == 1:
        return rounded(sides[0][0])
    (one, one_weight), (other, other_weight) = sides
    ratio = other_weight / (one_weight + other_weight)
    return rounded(one + ratio[..., None] * (other.astype(np.float32) - one))


def rounded(picture: Any) -> Pixels:
    """To whole levels; `picture` itself where it is uint8 already."""
    return picture if picture.dtype == np.uint8 else np.clip(picture + 0.5, 0, 255).astype(np.uint8)
