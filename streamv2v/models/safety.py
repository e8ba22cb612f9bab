"""The model's own safety checker as a hook on finished pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..frames import Pixels


class SafetyHook:
    """Replaces a flagged picture by the last one that passed, or by black when none has.

    Args:
        checker, feature_extractor: the model's.

    Attributes:
        flagged: pictures held back so far.
    """

    def __init__(self, checker: Any, feature_extractor: Any) -> None:
        self._checker, self._feature_extractor = checker, feature_extractor
        self._last_passed: Pixels | None = None
        self.flagged = 0

    def __call__(self, picture: Pixels) -> Pixels:
        """uint8 `[H, W, 3]` in and out."""
        parameter = next(self._checker.parameters())
        features = self._feature_extractor(images=[picture], return_tensors="pt").pixel_values
        # the checker blackens flagged pictures in place, so it gets a copy
        images = picture[None].astype(np.float32) / 255.0
        with torch.no_grad():
            _, found = self._checker(images=images, clip_input=features.to(parameter.device, parameter.dtype))
        if not found[0]:
            self._last_passed = picture
            return picture
        self.flagged += 1
        return np.zeros_like(picture) if self._last_passed is None else self._last_passed
