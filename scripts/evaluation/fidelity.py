"""What a low flicker must not be bought with: agreement with the input, and sharpness."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .clips import luma


def edge_agreement(source: np.ndarray, picture: np.ndarray) -> float:
    """Correlation of the two pictures' gradient magnitudes, -1..1; 0 where one of them is flat."""
    edges = [_gradient(image).ravel() for image in (source, picture)]
    if min(float(edge.std()) for edge in edges) < 1e-6:
        return 0.0
    return float(np.corrcoef(edges[0], edges[1])[0, 1])


def sharpness(picture: np.ndarray) -> float:
    """Variance of the Laplacian of the luma, grey levels squared."""
    return float(cv2.Laplacian(luma(picture), cv2.CV_32F).var())


def mean_edges(sources: Sequence[np.ndarray], pictures: Sequence[np.ndarray]) -> float:
    """Edge agreement over a clip; picture n is of source frame n."""
    return float(np.mean([edge_agreement(source, picture) for source, picture in zip(sources, pictures, strict=True)]))


def mean_sharpness(pictures: Sequence[np.ndarray]) -> float:
    """Sharpness over a clip."""
    return float(np.mean([sharpness(picture) for picture in pictures]))


def _gradient(picture: np.ndarray) -> np.ndarray:
    smooth = cv2.GaussianBlur(luma(picture), (0, 0), 1.0)
    return np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
