"""The backdrop: what the engine drew of places before something hid them, for the moment they are seen again."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .flow import Box, Field, doubled, exposed, exposure, grey_of, halved, levels_apart

TRUSTED_LEVELS, DOUBTED_LEVELS = 6.0, 20.0
"""Grey levels of the largest channel: the backdrop is seen up to the one, and not from the other on."""
SAME_LEVELS = 10.0
"""Grey levels that two frames may differ at a place that shows the same."""
NEW_LOOK_LEVELS = 8.0
"""Mean change of the drawing where the camera shows the same, from which on it is another look."""
LEAST_SAME = 0.05
"""Of the picture; where less shows the same it is another scene."""
SETTLED, FORGOTTEN = 10, 60
"""Styled pictures: what hides a place for the one and stays the same is part of the backdrop from then on; what was not
seen for the other is no part of it any more, since the look may have crept away from it."""


class Backdrop:
    """For each place the newest drawing of what usually stands there. One thread owns it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew with the next styled picture: another look, another framing, another source."""
        self._look: Pixels | None = None

    def arrived(self, look: Pixels, camera: Pixels) -> None:
        """A styled picture and its camera frame, RGB uint8 `[h, w, 3]`, even sides."""
        small = halved(camera)
        if self._look is None or self._look.shape != look.shape:
            return self._begin(look, small)
        gain = exposure(self._small, small)
        same = cv2.compare(levels_apart(self._small, exposed(small, gain)), SAME_LEVELS, cv2.CMP_LT)
        if float(same.mean()) < LEAST_SAME * 255 or self._change(look, same) > NEW_LOOK_LEVELS:
            return self._begin(look, small)
        other = cv2.bitwise_not(same)
        stays = cv2.compare(levels_apart(self._before, small), SAME_LEVELS, cv2.CMP_LT)
        self._stayed = cv2.bitwise_and(cv2.add(self._stayed, 1), cv2.bitwise_and(stays, other))
        fresh = cv2.bitwise_or(same, cv2.compare(self._stayed, SETTLED, cv2.CMP_GE))
        self._hidden = cv2.bitwise_and(cv2.add(self._hidden, 1), cv2.bitwise_not(fresh))
        cv2.copyTo(small, fresh, self._small)
        cv2.copyTo(look, _whole(fresh), self._look)
        self._before = small
        return None

    def behind(self, small: Pixels, box: Box) -> tuple[Pixels, Pixels, Field] | None:
        """What the engine drew of the places in `box`, its frame, and how far the newest frame shows just that, 0..1.

        Args:
            small: the newest frame, halved, RGB uint8 `[h / 2, w / 2, 3]`.
            box: rows and columns of it.

        Returns:
            uint8 `[2 b, 2 c, 4]`, of which the fourth channel means nothing, grey uint8 `[b, c]` and float32 `[b, c]`;
            None where nothing is known.
        """
        if self._look is None or self._small.shape != small.shape:
            return None
        here = exposed(self._small[box], exposure(small, self._small))
        apart = levels_apart(small[box], here)
        share = np.clip((DOUBTED_LEVELS - apart) * np.float32(1.0 / (DOUBTED_LEVELS - TRUSTED_LEVELS)), 0.0, 1.0)
        share[self._hidden[box] > FORGOTTEN] = 0.0
        return cv2.cvtColor(self._look[doubled(box)], cv2.COLOR_RGB2RGBA), grey_of(here), share

    def _begin(self, look: Pixels, small: Pixels) -> None:
        self._look, self._small, self._before = look.copy(), small.copy(), small
        self._stayed = np.zeros(small.shape[:2], np.uint8)
        self._hidden = np.zeros(small.shape[:2], np.uint8)

    def _change(self, look: Pixels, same: Pixels) -> float:
        """Mean difference of the drawings where the camera shows the same, grey levels."""
        assert self._look is not None
        return float(np.mean(cv2.mean(cv2.absdiff(look, self._look), mask=_whole(same))[:3]))


def _whole(mask: Pixels) -> Pixels:
    """A mask of the halved picture for the whole one."""
    height, width = mask.shape
    return cv2.resize(mask, (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST)
