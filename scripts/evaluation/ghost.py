"""Ghosting: what is left of a hand that crossed the picture in a few frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .still import Noise

CROSSING_FRAMES = 4
"""Frames in which the hand is in the picture: at 30 frames a second an eighth of a second, a quick wave."""
UPDATE_FRAME = 16
"""A bank that takes in every 1st, 2nd, 4th, 8th or 16th frame takes in this one; the hand is there then."""
GONE_LEVELS = 1.0
"""Mean difference on the path below which a ghost counts as gone, grey levels."""
SKIN = np.array([206, 148, 120], np.float32)


@dataclass(frozen=True)
class Crossing:
    """The same held scene with and without a hand that crosses it, under the same noise.

    Attributes:
        frames: uint8 `[H, W, 3]`, with the hand.
        path: pixels the hand covered at some time, bool `[H, W]`.
        left: index of the first frame without the hand again.
    """

    frames: list[np.ndarray]
    path: np.ndarray
    left: int


@dataclass(frozen=True)
class Ghost:
    """What the hand left behind in the output, after it has left the picture altogether.

    Attributes:
        share: the largest share of the hand still in a picture, a least-squares fit of the hand as it was drawn to what
            differs; unlike the differences themselves it does not see that an average over time begins anew.
        per_frame: mean absolute difference on the path to the stream that saw no hand, from the frame on in which
            the hand is away, grey levels.
        peak: the largest of them.
        worst: the largest 99th percentile over the path's pixels, grey levels: a small but plain ghost.
        frames: frames until it stays below `GONE_LEVELS`; their whole number if it never does.
        gone: whether it ever does.
    """

    share: float
    per_frame: list[float]
    peak: float
    worst: float
    frames: int
    gone: bool


def crossing(scene: np.ndarray, count: int, noise: Noise, *, slots: int) -> Crossing:
    """A hand crosses the held `scene` from left to right; the noise is that of `held` with the same arguments.

    It comes so that the bank's update of frame `UPDATE_FRAME` falls on it in all slots: slot i holds the frame i
    before.
    """
    height, width = scene.shape[:2]
    first = max(1, UPDATE_FRAME - min(slots, CROSSING_FRAMES) + 1)
    left = first + CROSSING_FRAMES
    if count <= left + 1:
        raise ValueError(f"A crossing needs more than {left + 1} frames, found {count}; raise --still-frames.")
    colour, cover = draw_hand(round(height * 0.45))
    path = np.zeros((height, width), bool)
    frames = []
    for number in range(count):
        seen = scene
        if first <= number < left:
            place = (number - first + 0.5) / CROSSING_FRAMES
            seen, covered = _laid_over(scene, colour, cover, x=place * width, y=height * (0.45 + 0.1 * place))
            path |= covered
        frames.append(noise.frame(seen, number))
    return Crossing(frames, path, left)


def ghost(without: Sequence[np.ndarray], with_hand: Sequence[np.ndarray], path: np.ndarray, left: int) -> Ghost:
    """Compare two frame-aligned outputs after the hand has left; both uint8 `[H, W, 3]`, of one length.

    Raises:
        ValueError: the two have different lengths.
    """
    if len(without) != len(with_hand):
        raise ValueError(f"Two streams of one length are wanted; found {len(without)} and {len(with_hand)} pictures.")
    hand = _as_drawn(without, with_hand, path, left)
    means, highest, shares = [], [], []
    for one, other in zip(without[left:], with_hand[left:], strict=True):
        signed = _difference(one, other, path)
        gap = np.abs(signed).mean(axis=-1)
        means.append(float(gap.mean()))
        highest.append(float(np.percentile(gap, 99)))
        shares.append(abs(float((signed * hand).sum() / max(float((hand * hand).sum()), 1e-9))))
    above = [number for number, value in enumerate(means) if value >= GONE_LEVELS]
    frames = above[-1] + 1 if above else 0
    return Ghost(max(shares), means, max(means), max(highest), frames, frames < len(means))


def _difference(one: np.ndarray, other: np.ndarray, path: np.ndarray) -> np.ndarray:
    """The second less the first, float32 `[P, 3]` for the P pixels of the path."""
    return other[path].astype(np.float32) - one[path].astype(np.float32)


def _as_drawn(
    without: Sequence[np.ndarray], with_hand: Sequence[np.ndarray], path: np.ndarray, left: int
) -> np.ndarray:
    """What the hand changed in the output while it was there, at each pixel when it changed most, float32 `[P, 3]`."""
    there = range(max(0, left - CROSSING_FRAMES), left)
    changes = np.stack([_difference(without[n], with_hand[n], path) for n in there])
    most = np.abs(changes).sum(axis=-1).argmax(axis=0)
    return changes[most, np.arange(changes.shape[1])]


def draw_hand(height: int) -> tuple[np.ndarray, np.ndarray]:
    """An open hand with shading and fine texture: colour float32 `[S, S, 3]` and cover 0..1 `[S, S]`, S = `height`."""
    size = 256
    mask = np.zeros((size, size), np.uint8)
    cv2.ellipse(mask, (128, 168), (54, 62), 0, 0, 360, 255, -1)
    for root, tip in (((84, 130), (58, 44)), ((112, 116), (104, 16)), ((142, 116), (150, 16)), ((168, 130), (192, 46))):
        cv2.line(mask, root, tip, 255, 25)
    cv2.line(mask, (80, 176), (24, 132), 255, 27)
    rng = np.random.default_rng(7)
    texture = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), 2.5) * 60
    shade = cv2.GaussianBlur(mask, (0, 0), 14).astype(np.float32) / 255
    colour = np.clip(SKIN * (0.55 + 0.5 * shade[..., None]) + texture[..., None], 0, 255).astype(np.float32)
    size_wanted = (max(8, height), max(8, height))
    cover = cv2.resize(mask, size_wanted, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return cv2.resize(colour, size_wanted, interpolation=cv2.INTER_AREA), cover


def _laid_over(
    scene: np.ndarray, colour: np.ndarray, cover: np.ndarray, *, x: float, y: float
) -> tuple[np.ndarray, np.ndarray]:
    """The scene with the hand centred at (x, y) px, and which pixels it covers."""
    size = cover.shape[0]
    shift = np.array([[1, 0, x - size / 2], [0, 1, y - size / 2]], np.float32)
    area = (scene.shape[1], scene.shape[0])
    alpha = cv2.warpAffine(cover, shift, area)[..., None]
    painted = cv2.warpAffine(colour, shift, area)
    seen = np.clip(scene * (1 - alpha) + painted * alpha + 0.5, 0, 255).astype(np.uint8)
    return seen, alpha[..., 0] > 0
