"""A styled picture at the places of another camera frame, and one between two styled pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .backdrop import Backdrop
from .borrowing import REACH, fill
from .flow import (
    FINEST_SCALE,
    Box,
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

LEAST_TRUST = 0.65
"""Mean trust below which two frames do not show the same scene: a cut. Frames of one scene a fifth of a second apart
had 0.91 at the least (108 pairs of 19 clips), pairs of different photos 0.54 at the most (59)."""
LEAST_DOUBT = 0.1
AROUND = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
KEEN = 3.0
"""So many times the doubt is how far the backdrop, where it is seen, is preferred to what was moved."""
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


def moved_to(
    search: FlowSearch,
    camera: Pixels,
    styled: Styled,
    *,
    borrow: bool,
    backdrop: Backdrop | None = None,
    finest: int = FINEST_SCALE,
) -> Moved:
    """The styled picture at the places of `camera`, filled where the flow is not trusted.

    Args:
        camera: the frame to move it to, RGB uint8 `[h, w, 3]`, even sides.
        styled: what is moved.
        borrow: whether anything but motion may be taken from `camera`.
        backdrop: what the engine drew before of places that are seen again now.
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
    answer = cv2.cvtColor(styled.look, cv2.COLOR_RGB2RGBA)
    whole = doubled(box)
    answer[whole] = warped(answer, enlarged(2 * flow), whole)
    if borrow or backdrop is not None:
        grey[box] = seen
        for part, doubted in _doubted(trust):
            _fill(
                answer[doubled(part)], grey[part], small, camera, trust, part, doubted, borrow=borrow, backdrop=backdrop
            )
    return Moved(cv2.cvtColor(answer, cv2.COLOR_RGBA2RGB), trust, moving)


def _doubted(trust: Field) -> Iterator[tuple[Box, Field]]:
    """Each part in which anything is not trusted, with what a fill looks at around it, and 1 where it is that part."""
    near = cv2.dilate(cv2.compare(trust, 1.0 - LEAST_DOUBT, cv2.CMP_LT), AROUND)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=4, ltype=cv2.CV_16U)
    for number in range(1, count):
        left, top, width, height, _ = boxes[number].tolist()
        part = slice(top, top + height), slice(left, left + width)
        yield part, (labels[part] == number).astype(np.float32)


def _fill(
    look: Pixels,
    seen: Pixels,
    small: Pixels,
    camera: Pixels,
    trust: Field,
    box: Box,
    doubted: Field,
    *,
    borrow: bool,
    backdrop: Backdrop | None,
) -> None:
    """Put into `look` what stands there, as far as there is no trust: the backdrop where it is seen, else a fill.

    Args:
        look: what was moved, inside `box`, uint8 `[2 b, 2 c, 4]`.
        seen: the camera frame that was moved along, grey uint8 `[b, c]`.
        small, camera: the newest frame, halved and whole, RGB uint8 `[h / 2, w / 2, 3]` and `[h, w, 3]`.
        trust: float32 `[h / 2, w / 2]`; is as far as it goes afterwards.
        box: rows and columns of the halved picture.
        doubted: 1 where it is to be done and 0 elsewhere, float32 `[b, c]`.
    """
    found = backdrop.behind(small, box) if backdrop is not None else None
    if found is not None:
        behind, grey, share = found
        share *= doubted * cv2.min(KEEN * (1.0 - trust[box]), 1.0)
        _blend(look, behind, enlarged(share))
        _blend(seen, grey, share)
        trust[box] += share * (1.0 - trust[box])
    if borrow:
        filled = fill(grey_of(camera[doubled(box)]), seen, look)
        _blend(look, filled, enlarged(doubted * (1.0 - trust[box])))


def _blend(picture: Pixels, other: Pixels, share: Field) -> None:
    """Put a share of `other` into `picture`, in place."""
    picture[:] = cv2.blendLinear(picture, other, 1.0 - share, share)


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
