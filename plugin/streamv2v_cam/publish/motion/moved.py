"""A styled picture at the places of another camera frame, and one between two styled pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .borrowing import REACH, fill
from .flow import (
    FINEST_SCALE,
    Field,
    FlowSearch,
    doubled,
    enlarged,
    exposed,
    exposure,
    grey_of,
    halved,
    masked,
    moving_box,
    moving_share,
    trusted,
    warped,
)

LEAST_TRUST = 0.35
"""Mean trust below which two frames do not show the same scene: a cut."""
LEAST_DOUBT = 0.02
LEAST_WEIGHT = 0.001


@dataclass(frozen=True)
class Styled:
    """A styled picture and the camera frame it was made of, both RGB uint8 `[h, w, 3]`."""

    look: Pixels
    camera: Pixels


@dataclass(frozen=True)
class Moved:
    """A styled picture at the places of another camera frame.

    Attributes:
        look: RGB uint8 `[h, w, 3]`; exactly the styled picture where nothing moved.
        trust: 0..1, how far the place that the flow points to shows the same thing; filled where it is not.
        moving: 0 where the two frames show the same thing at the same place, 1 where they do not.
        cut: the two frames do not show the same scene; nothing of the above is to be used.
    """

    look: Pixels
    trust: Field
    moving: Field
    cut: bool = False


def moved_to(search: FlowSearch, camera: Pixels, styled: Styled, *, borrow: bool, finest: int = FINEST_SCALE) -> Moved:
    """The styled picture at the places of `camera`, filled where the flow is not trusted.

    Args:
        camera: the frame to move it to, RGB uint8 `[h, w, 3]`, even sides.
        styled: what is moved.
        borrow: whether anything but motion may be taken from `camera`.
        finest: how finely motion is sought, as in `FlowSearch`.
    """
    small, small_older = halved(camera), halved(styled.camera)
    small_older = exposed(small_older, exposure(small, small_older))
    moving = moving_share(small, small_older)
    box = moving_box(moving)
    trust = np.ones_like(moving)
    if box[0].start == box[0].stop:
        return Moved(styled.look, trust, moving)
    newest, grey = grey_of(small[box]), grey_of(small_older)
    flow = masked(search(newest, np.ascontiguousarray(grey[box]), finest=finest), moving[box])
    seen = warped(grey, flow, box)
    trust[box] = trusted(newest, seen)
    if float(cv2.mean(trust)[0]) < LEAST_TRUST:
        return Moved(styled.look, trust, moving, cut=True)
    whole = doubled(box)
    look = warped(cv2.cvtColor(styled.look, cv2.COLOR_RGB2RGBA), enlarged(2 * flow), whole)
    if borrow:
        _fill_doubted(look, seen, camera[whole], trust[box])
    answer = styled.look.copy()
    answer[whole] = cv2.cvtColor(look, cv2.COLOR_RGBA2RGB)
    return Moved(answer, trust, moving)


def _fill_doubted(look: Pixels, seen: Pixels, camera: Pixels, trust: Field) -> None:
    """Put the fill into `look` as far as there is no trust; it is found only around where that is."""
    left, top, width, height = cv2.boundingRect(cv2.compare(trust, 1.0 - LEAST_DOUBT, cv2.CMP_LT))
    if not width:
        return
    around = np.s_[max(0, top - REACH) : top + height + REACH, max(0, left - REACH) : left + width + REACH]
    whole = doubled(
        np.s_[
            around[0].start : min(around[0].stop, trust.shape[0]), around[1].start : min(around[1].stop, trust.shape[1])
        ]
    )
    filled = fill(grey_of(camera[whole]), seen[around], look[whole])
    share = enlarged(trust[around])
    look[whole] = cv2.blendLinear(look[whole], filled, share, 1.0 - share)


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
        moved = moved_to(search, camera, styled, borrow=borrow)
        if not moved.cut:
            sides.append((moved.look, enlarged((moved.trust + LEAST_WEIGHT) * np.float32(weight))))
    if not sides:
        return before.look if share <= 0.5 else after.look
    if len(sides) == 1:
        return sides[0][0]
    (one, one_weight), (other, other_weight) = sides
    ratio = other_weight / (one_weight + other_weight)  # OpenCV darkens where two weights are next to nothing
    return cv2.blendLinear(one, other, 1.0 - ratio, ratio)
