"""What is known of a clip before any stream has run: motion, what is locked off, the held and the crossed scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clips import Clip
from .fidelity import mean_sharpness
from .flow import Flow, Motion, motions_of
from .ghost import Crossing, crossing
from .still import Flicker, Noise, flicker, held, locked_pixels
from .warp import WarpError, mean_error, warp_errors

SETTLED_FRAME = 8
"""Still scenes count from this frame on: averages over time need a while to begin."""


@dataclass(frozen=True)
class Scene:
    """A clip with the source's own figures, to which those of a stream are put in relation."""

    clip: Clip
    motions: list[Motion]
    errors: list[WarpError]
    locked: np.ndarray | None
    locked_flicker: Flicker | None
    still: list[np.ndarray]
    still_flicker: Flicker
    crossed: Crossing | None
    sharpness: float

    @property
    def error(self) -> WarpError:
        """The source's own warp error, over the clip."""
        return mean_error(self.errors)


def survey(
    clip: Clip, *, noise: Noise, still_frames: int, slots: int, flow: Flow | None = None, crossed: bool = True
) -> Scene:
    """Look at a clip.

    Args:
        still_frames: length of the held and of the crossed scene, which show the clip's middle frame.
        slots: of the stream batch; says when the hand crosses.
        crossed: False leaves the hand out, and with it the least length.
    """
    motions = motions_of(clip.frames, flow)
    locked = locked_pixels(motions)
    middle = clip.frames[len(clip.frames) // 2]
    still = held(middle, still_frames, noise)
    return Scene(
        clip=clip,
        motions=motions,
        errors=warp_errors(clip.frames, motions),
        locked=locked,
        locked_flicker=flicker(clip.frames, locked) if locked is not None else None,
        still=still,
        still_flicker=flicker(settled(still)),
        crossed=crossing(middle, still_frames, noise, slots=slots) if crossed else None,
        sharpness=mean_sharpness(clip.frames),
    )


def settled(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """The part of a still scene that counts; the last three pictures of a very short one."""
    return pictures[min(SETTLED_FRAME, max(0, len(pictures) - 3)) :]
