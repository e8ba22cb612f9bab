"""What a webcam does to a picture that stands still: noise of the sensor and marks of its compression."""

from __future__ import annotations

import cv2
import numpy as np


def filmed(picture: np.ndarray, rng: np.random.Generator, *, grain: float, blotches: float, quality: int) -> np.ndarray:
    """The picture as one frame of a webcam shows it, uint8 [H, W, 3].

    Args:
        grain: deviation of independent noise, grey levels.
        blotches: deviation of noise that is smooth over a few pixels, grey levels.
        quality: of the JPEG it passes, 1..100; 0 leaves that out.
    """
    height, width = picture.shape[:2]
    noisy = picture.astype(np.float32)
    if grain > 0:
        noisy += rng.standard_normal(picture.shape, np.float32) * grain
    if blotches > 0:
        small = rng.standard_normal((height // 4 + 1, width // 4 + 1, 3), np.float32) * blotches * 1.6
        noisy += cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    frame = np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
    if quality > 0:
        coded = cv2.imencode(".jpg", np.ascontiguousarray(frame), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    return frame


def random_webcam(rng: np.random.Generator) -> dict[str, float | int]:
    """Settings of `filmed` for one camera: from a studio's to a cheap one in the evening."""
    return {
        "grain": float(rng.uniform(0, 7)),
        "blotches": float(rng.uniform(0, 4)),
        "quality": int(rng.integers(50, 90)) if rng.random() < 0.3 else 0,
    }
