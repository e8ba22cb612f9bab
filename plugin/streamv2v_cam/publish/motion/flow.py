"""Where things went between two camera frames, and how far that is to be believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...frame import Pixels
from ...system.opencv import cv2

Field = NDArray[np.float32]
"""One number for each pixel, float32 `[h, w]`."""
Vectors = NDArray[np.float32]
"""For each pixel of the newer frame the way (x, y) to its place in the older one, px, float32 `[h, w, 2]`."""
Box = tuple[slice, slice]
"""Rows and columns of a part of a picture."""

TRUSTED_LEVELS, DOUBTED_LEVELS = 8.0, 32.0
"""Grey levels that a place may differ from where its flow points to: trusted up to the one, not from the other on."""
STILL_LEVELS, MOVING_LEVELS = 2.5, 6.0
"""Grey levels that two frames differ at one place: still up to the one, moving from the other on."""
NOISE_SHARE, MOST_NOISE_LEVELS = 0.2, 4.0
"""So much of every picture is taken to stand still; what it differs there, up to a limit, is the camera's noise."""
NEIGHBOURHOOD = (3, 3)
STILL_MARGIN = np.ones((3, 3), np.uint8)
GAIN_SLACK, LEAST_GAIN, MOST_GAIN = 0.02, 0.25, 4.0
"""An exposure that changed by less is no change; by more than the limits it is a cut."""
SAMPLED, SAMPLED_FOR_GAIN = 2, 6
FINEST_SCALE, FINEST_OF_A_BEAT = 1, 2
"""Halvings of the picture at which the search ends; between two beats things go a short way together."""
PATCH, STRIDE = 8, 4
"""What is compared there, px."""
ROUND_IT, STEP = 8, 16
"""Motion is sought so far around what moves, px, in a part of the picture that grows by whole steps."""


class FlowSearch:
    """Dense inverse search (DIS), the quickest of OpenCV's flows, with its buffers; one thread at a time."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def __call__(self, newest: Pixels, older: Pixels, *, finest: int = FINEST_SCALE) -> Vectors:
        """The flow from grey `[h, w]` to grey `[h, w]`; `finest` halvings of the picture are where it ends."""
        # a picture too small for these makes it choose others, which it would keep
        self._search.setFinestScale(finest)
        self._search.setPatchSize(PATCH)
        self._search.setPatchStride(STRIDE)
        return self._search.calc(newest, older, None)


def exposure(newest: Pixels, older: Pixels) -> NDArray[np.float32]:
    """The factor between two frames' brightness, `[3]`; exactly 1 while less than half of them changed."""
    each = SAMPLED_FOR_GAIN
    new, old = (np.moveaxis(frame[::each, ::each], -1, 0).reshape(3, -1) for frame in (newest, older))
    ratio = (new + np.float32(8.0)) / (old + np.float32(8.0))
    ratio.partition(middle := ratio.shape[1] // 2, axis=1)
    gain = ratio[:, middle]
    away = gain - 1.0
    gain = 1.0 + np.sign(away) * np.maximum(np.abs(away) - GAIN_SLACK, 0.0)
    return np.clip(gain, LEAST_GAIN, MOST_GAIN).astype(np.float32)


def exposed(picture: Pixels, gain: NDArray[np.float32]) -> Pixels:
    """`picture` as the camera would have taken it with another exposure; itself where that is the same."""
    if (gain == 1.0).all():
        return picture
    levels = (np.arange(256, dtype=np.float32)[:, None, None] + 8.0) * gain - 8.0
    return cv2.LUT(picture, np.clip(levels, 0, 255).astype(np.uint8))


def moving_share(newest: Pixels, older: Pixels) -> Field:
    """0 where two frames show the same thing at the same place, 1 where they do not, soft between."""
    apart = levels_apart(newest, older)
    some = apart[::SAMPLED, ::SAMPLED].ravel()
    noise = float(np.partition(some, k := int(NOISE_SHARE * (some.size - 1)))[k])
    least = STILL_LEVELS + min(noise, MOST_NOISE_LEVELS)
    share = np.clip((apart - least) * np.float32(1.0 / (MOVING_LEVELS - STILL_LEVELS)), 0.0, 1.0)
    return cv2.blur(cv2.dilate(share, STILL_MARGIN), NEIGHBOURHOOD)


def trusted(newest: Pixels, moved: Pixels) -> Field:
    """How far the moved older frame shows what the newest one shows, 0..1; both grey uint8 `[h, w]`."""
    apart = cv2.boxFilter(cv2.absdiff(newest, moved), cv2.CV_32F, NEIGHBOURHOOD)
    return np.clip((DOUBTED_LEVELS - apart) * np.float32(1.0 / (DOUBTED_LEVELS - TRUSTED_LEVELS)), 0.0, 1.0)


def levels_apart(one: Pixels, other: Pixels) -> Field:
    """The largest channel's difference, grey levels, averaged over a small neighbourhood."""
    red, green, blue = cv2.split(cv2.absdiff(one, other))
    return cv2.boxFilter(cv2.max(cv2.max(red, green), blue), cv2.CV_32F, NEIGHBOURHOOD)


def halved(picture: Pixels) -> Pixels:
    """Each four pixels' mean: `[h, w, ...]` of even sides becomes `[h / 2, w / 2, ...]`."""
    height, width = picture.shape[:2]
    return cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def doubled(box: Box) -> Box:
    """The same part of the picture that was halved."""
    return np.s_[2 * box[0].start : 2 * box[0].stop, 2 * box[1].start : 2 * box[1].stop]


def enlarged(field: np.ndarray) -> np.ndarray:
    """A field of the halved picture for the whole one; what is 0 all around stays 0."""
    height, width = field.shape[:2]
    return cv2.resize(field, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)


def grey_of(picture: Pixels) -> Pixels:
    """Of RGB uint8 `[h, w, 3]`."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def masked(flow: Vectors, share: Field) -> Vectors:
    """`flow` where `share` is 1, nothing where it is 0."""
    return cv2.multiply(flow, cv2.merge((share, share)))


def moving_box(moving: Field) -> Box:
    """The rows and columns in which anything moves, as widely as flow is found; empty slices where nothing does."""
    height, width = moving.shape
    left, top, across, down = cv2.boundingRect(cv2.compare(moving, 0.0, cv2.CMP_GT))
    if not across:
        return np.s_[0:0, 0:0]
    return _widened(top, top + down, height), _widened(left, left + across, width)


def _widened(first: int, last: int, most: int) -> slice:
    """In steps, so that the search meets few sizes and finds the same at two beats that hardly differ."""
    return slice(max(0, first - ROUND_IT) // STEP * STEP, min(most, -(-(last + ROUND_IT) // STEP) * STEP))


def warped(picture: np.ndarray, flow: Vectors, box: Box) -> np.ndarray:
    """`picture` `[h, w, ...]` inside `box`, read where the flow there points to, bilinear; at 0 exactly its own pixels.

    OpenCV moves four channels in half the time that three take.
    """
    height, width = picture.shape[:2]
    places = flow + grid(width, height)[box]
    return cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


_grids: dict[tuple[int, int], Vectors] = {}


def grid(width: int, height: int) -> Vectors:
    """Each pixel's own place; kept, since every beat asks for it."""
    if (width, height) not in _grids:
        _grids.clear()
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        _grids[width, height] = np.stack([x, y], axis=-1)
    return _grids[width, height]
