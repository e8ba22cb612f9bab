"""Region: what is on air of a look that is drawn on a part of the picture alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streamv2v.controls import Controls

from ...frame import Frame, Pixels
from ...system.opencv import cv2
from ..motion.flow import FlowSearch
from .carrying import carried, smoothed
from .composing import Outside, composed
from .edges import edge_of
from .networks import Field
from .outside import Palette, blurred_outside, camera_outside, colour_outside
from .seeking import Found, Seeker, worked

HELD_S = 0.8
"""A mask of a frame so much older than the newest is none any more."""
GROWN = np.ones((3, 3), np.uint8)
"""Where the rest shows the camera, a person or face gets the look with so much around it, at the masks' size."""

OF_THE_CAMERA = ("camera", "blur")
FORBIDDEN = "The look is on the whole picture: it takes nothing from your camera. Choose a colour for the rest."
SEEKING = "The look is on the whole picture until you are found in it."
NOBODY = {
    "person": "Nobody is seen, so the look is on the whole picture.",
    "face": "No face is seen, so the look is on the whole picture.",
}
NO_SUCH_LOOK = "There is no look of that name, so the rest keeps the colours of the look on air."


@dataclass(frozen=True)
class _Shown:
    """The last picture given, and what it was made of."""

    picture: Pixels
    raw: Frame
    asked: tuple[object, ...]
    composed: Pixels


class Region:
    """Puts the look and what is outside of its region into one picture. One thread owns it; it seeks in another.

    Whatever is missing or uncertain, the whole look is shown: never the camera where the look should be.

    Args:
        newest: gives the camera's newest frame.
        sample: a picture in the look of that name, RGB uint8 `[H, W, 3]`; None where there is no such look.
        shared: whether the engine draws on this processor.
        seeker: finds the person or the face; None makes one that looks at `newest`.

    Attributes:
        seeker: it.
        told: why the look is on the whole picture although a part was asked for, or what else is amiss; "" otherwise.
    """

    def __init__(
        self,
        newest: Callable[[], Frame | None],
        *,
        sample: Callable[[str], Pixels | None] = lambda name: None,
        shared: Callable[[], bool] = lambda: True,
        seeker: Seeker | None = None,
    ) -> None:
        self.told = ""
        self.seeker = seeker or Seeker(newest, shared=shared)
        self._sample, self._search = sample, FlowSearch()
        self._palette: tuple[str, Palette | None] = "", None
        self._kind = ""
        self._kept: Found | None = None
        """The newest answer, smoothed."""
        self._answer: Found | None = None
        self._last: _Shown | None = None

    def stop(self) -> None:
        """End the search; safe to call twice."""
        self.seeker.stop()

    def rest(self) -> None:
        """Nothing is asked for at present: seek nothing."""
        self.seeker.want("")
        self._kept = self._answer = self._last = None
        self.told = ""

    def picture(self, look: Pixels, raw: Frame, controls: Controls, *, may_borrow: bool) -> Pixels:
        """The picture of a beat.

        Args:
            look: the whole look at the published size, moved to `raw`, RGB uint8 `[H, W, 3]`, not written to.
            raw: the camera's newest frame, in the published framing.
            controls: where the look is, and what is outside.
            may_borrow: whether anything of the camera's own picture may be on air.

        Returns:
            RGB uint8 `[H, W, 3]`; `look` itself where it is everywhere; the same array as before where nothing changed.
        """
        if controls.region == "whole":
            self.rest()
            return look
        if controls.outside in OF_THE_CAMERA and not may_borrow:
            self.rest()
            self.told = FORBIDDEN
            return look
        kind = "face" if controls.region == "face" else "person"
        if kind != self._kind:  # no mask of the one is mixed into that of the other
            self._kind, self._kept, self._answer = kind, None, None
        self.seeker.want(kind)
        asked = (self.seeker.found, controls.region, controls.region_feather, may_borrow, *_outside_of(controls))
        last = self._last
        if last is not None and last.picture is look and last.raw is raw and last.asked == asked:
            return last.composed
        self.told = ""
        answer = self._drawn(look, raw, controls, kind, may_borrow=may_borrow)
        self._last = _Shown(look, raw, asked, answer)
        return answer

    def _drawn(self, look: Pixels, raw: Frame, controls: Controls, kind: str, *, may_borrow: bool) -> Pixels:
        small = worked(raw.pixels)
        mask = self._mask(raw, small, kind)
        if mask is None:
            return look
        height, width = look.shape[:2]
        newest = raw.pixels
        if newest.shape[:2] != (height, width):
            newest = cv2.resize(newest, (width, height), interpolation=cv2.INTER_LINEAR)
        if controls.region == "background":
            mask = np.float32(1.0) - mask
        elif controls.outside in OF_THE_CAMERA:
            mask = cv2.dilate(mask, GROWN)
        edge = edge_of(mask, small if may_borrow else None, controls.region_feather)
        outside = self._outside(look, newest, small, edge.share, controls)
        return look if outside is None else composed(look, outside, edge, newest)

    def _mask(self, raw: Frame, small: Pixels, kind: str) -> Field | None:
        """What is sought, at the places of the newest frame; None where that is not known."""
        found = self.seeker.found
        if self.seeker.failed:
            self.told = f"The look is on the whole picture: {self.seeker.failed}."
            return None
        if found is None:
            self.told = SEEKING
            return None
        if found is not self._answer:
            self._answer, self._kept = found, self._smoothed(found)
        kept = self._kept
        if kept is None or kept.mask is None:
            self.told = NOBODY[kind]
            return None
        too_old = raw.captured_at_s - kept.frame.captured_at_s > HELD_S
        moved = None
        if not too_old and kept.frame.view == raw.view and kept.small.shape == small.shape:
            moved = carried(self._search, small, kept.small, kept.mask)
        if moved is None:
            self.told = SEEKING
            return None
        return moved[0]

    def _smoothed(self, found: Found) -> Found:
        """A new answer with a part of the one before, so that its edges do not flicker."""
        before = self._kept
        if before is None or before.mask is None or found.mask is None or before.frame.view != found.frame.view:
            return found
        moved = carried(self._search, found.small, before.small, before.mask)
        return found if moved is None else Found(found.frame, found.small, smoothed(found.mask, *moved))

    def _outside(self, look: Pixels, newest: Pixels, small: Pixels, share: Field, controls: Controls) -> Outside | None:
        height, width = look.shape[:2]
        match controls.outside:
            case "camera":
                return camera_outside(newest)
            case "blur":
                return blurred_outside(small, share, width, height)
            case "colour":
                return colour_outside(controls.outside_colour, width, height)
        palette = self._palette_of(controls.outside_look)
        if palette is None:
            self.told = NO_SUCH_LOOK
            return None
        return palette.outside(look)

    def _palette_of(self, name: str) -> Palette | None:
        if self._palette[0] != name or self._palette[1] is None:
            sample = self._sample(name)
            self._palette = name, None if sample is None else Palette(sample)
        return self._palette[1]


def _outside_of(controls: Controls) -> tuple[str, str, str]:
    return controls.outside, controls.outside_colour, controls.outside_look
