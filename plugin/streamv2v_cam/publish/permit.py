"""Whether a picture of the look may carry anything of the camera's own: detail, or a filling where motion has gaps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..frame import Frame
from ..store import ControlStore, Snapshot

ENGINE_HEARS_S = 0.5
"""By then after a change the engine has taken in the new live values, whatever it was doing."""


class Permit:
    """Follows `borrow` of the look on air. Forbidden at once, allowed again for later pictures alone.

    A look that hides a face lives on in the pictures on their way, and in the glide to the next look: those carry
    nothing of the camera either.

    Args:
        store: the live controls.
        allowed: False forbids it to every look, for good.
        clock: seconds, monotonic; the one the frames' `captured_at_s` comes from.
    """

    def __init__(
        self, store: ControlStore, *, allowed: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._allowed = allowed
        self._from_s = -math.inf if store.current.controls.borrow else math.inf
        self.end = store.subscribe(self._follow)

    def holds_for(self, styled: Frame) -> bool:
        """Whether it is allowed with this picture of the engine."""
        return self._allowed and styled.captured_at_s > self._from_s

    def _follow(self, snapshot: Snapshot) -> None:
        controls = snapshot.controls
        if not controls.borrow:
            self._from_s = math.inf
        elif self._from_s == math.inf:
            self._from_s = self._clock() + ENGINE_HEARS_S + controls.transition_s
