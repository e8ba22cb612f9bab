"""A mask on its way: moved from the frame it was found in to another one, and smoothed from answer to answer."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from ..motion.flow import (
    FINEST_OF_A_BEAT,
    FlowSearch,
    exposed,
    exposure,
    grey_of,
    masked,
    moving_box,
    moving_share,
    trusted,
    warped,
)
from .networks import Field

LEAST_TRUST = 0.5
"""Mean trust below which two frames do not show the same scene."""
NEW_SHARE = 0.65
"""Of a new answer where the one before is moved there; the rest is the one before, so that edges do not flicker."""


def carried(search: FlowSearch, newest: Pixels, older: Pixels, mask: Field) -> tuple[Field, Field] | None:
    """`mask`, which is of `older`, at the places of `newest`, and how far that is to be believed.

    Args:
        newest, older: RGB uint8 `[h, w, 3]`, even sides.
        mask: float32 `[h, w]`.

    Returns:
        float32 `[h, w]` and trust 0..1, `[h, w]`; None where the two frames do not show the same scene.
    """
    older = exposed(older, exposure(newest, older))
    moving = moving_share(newest, older)
    box = moving_box(moving)
    trust = moving * 0 + 1
    if box[0].start == box[0].stop:
        return mask, trust
    now, then = grey_of(newest[box]), grey_of(older)
    flow = masked(search(now, then[box].copy(), finest=FINEST_OF_A_BEAT), moving[box])
    trust[box] = trusted(now, warped(then, flow, box))
    if float(cv2.mean(trust)[0]) < LEAST_TRUST:
        return None
    answer = mask.copy()
    answer[box] = warped(mask, flow, box)
    return answer, trust


def smoothed(new: Field, before: Field, trust: Field) -> Field:
    """A new mask with a part of the one before, which was moved there, as far as that is trusted."""
    kept: Field = trust * np.float32(1.0 - NEW_SHARE)
    return cv2.add(new, cv2.multiply(cv2.subtract(before, new), kept))
