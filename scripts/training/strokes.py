"""Are strokes drawn, or a blur of them? And do eyes and mouth stay where they are?"""

from __future__ import annotations

import cv2
import numpy as np

Box = tuple[int, int, int, int]  # left, top, right, bottom, pixels

# Deviations of the Gaussians that let strokes of 2 to 8 pixels pass: waves of 4 to 16 pixels at half their power.
FINE, COARSE = 0.55, 2.1


def stroke_energy(picture: np.ndarray) -> float:
    """Mean square of the strokes of 2 to 8 pixels in the luminance of an RGB picture [H, W, 3], grey levels squared."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    band = cv2.GaussianBlur(grey, (0, 0), FINE) - cv2.GaussianBlur(grey, (0, 0), COARSE)
    return float(np.mean(band * band))


def edges_of(picture: np.ndarray) -> np.ndarray:
    """Strength of edges in the luminance of an RGB picture, float32 [H, W]."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))


def features_agree(drawn: np.ndarray, photo: np.ndarray, boxes: list[Box]) -> float:
    """How alike the edges of two pictures lie in boxes (left, top, right, bottom): correlation -1..1, mean of boxes."""
    one, other = edges_of(drawn), edges_of(photo)
    found = []
    for left, top, right, bottom in boxes:
        a, b = (edges[top:bottom, left:right].ravel() - edges[top:bottom, left:right].mean() for edges in (one, other))
        found.append(float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-6)))
    return float(np.mean(found))
