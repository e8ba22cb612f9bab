"""The two networks that see people, run by OpenCV: which part of a picture is a person, and where faces are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...frame import Pixels
from ...system.opencv import cv2

Field = NDArray[np.float32]
"""One number for each pixel, float32 `[h, w]`."""

FOLDER = Path(__file__).parent / "networks"
PERSON_SIZE, FACE_SIZE = 256, 128
LEAST_SCORE, MOST_OVERLAP = 0.5, 0.3
STRIDES = ((8, 2), (16, 6))
"""Of the face network: pixels between two places, and boxes at each place."""


@dataclass(frozen=True)
class Face:
    """A face, in shares of the picture's width and height.

    Attributes:
        box: left, top, width, height: from the brows to the chin.
        eyes: (x, y) of both.
    """

    box: tuple[float, float, float, float]
    eyes: tuple[tuple[float, float], tuple[float, float]]


class PersonNetwork:
    """MediaPipe's selfie segmentation. One thread owns it.

    Raises:
        cv2.error: OpenCV cannot read or run it.
    """

    def __init__(self) -> None:
        self._network = _read("selfie_segmentation.tflite")

    def __call__(self, picture: Pixels) -> Field:
        """How far each place is a person, 0..1, float32 `[256, 256]` over the whole of RGB uint8 `[H, W, 3]`."""
        small = cv2.resize(picture, (PERSON_SIZE, PERSON_SIZE), interpolation=cv2.INTER_AREA)
        self._network.setInput(cv2.dnn.blobFromImage(small, 1.0 / 255.0))
        return np.ascontiguousarray(self._network.forward()[0, 0], np.float32)


class FaceNetwork:
    """BlazeFace for faces up to two metres away (arXiv:1907.05047). One thread owns it.

    Raises:
        cv2.error: OpenCV cannot read or run it.
    """

    def __init__(self) -> None:
        self._network = _read("face_detection_short_range.tflite")
        self._places = _places()

    def __call__(self, picture: Pixels) -> list[Face]:
        """All faces in RGB uint8 `[H, W, 3]`, the surest first."""
        height, width = picture.shape[:2]
        side = max(width, height)
        scale = FACE_SIZE / side
        small = cv2.resize(
            picture, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
        )
        square = np.zeros((FACE_SIZE, FACE_SIZE, 3), np.uint8)
        square[: small.shape[0], : small.shape[1]] = small
        self._network.setInput(cv2.dnn.blobFromImage(square, 1.0 / 127.5, mean=(127.5, 127.5, 127.5)))
        # one after the other: OpenCV 5 gives one result of a network that it reads out of memory
        scores, found = (self._network.forward(name) for name in ("classificators", "regressors"))
        scores = 1.0 / (1.0 + np.exp(-np.clip(scores[0, :, 0], -60.0, 60.0)))
        # the middle of a box and each point are told from the middle of their place
        points = found[0].reshape(-1, 8, 2) / FACE_SIZE
        points[:, [0, *range(2, 8)]] += self._places[:, None]
        points *= np.array([side / width, side / height], np.float32)
        boxes = np.concatenate([points[:, 0] - points[:, 1] / 2, points[:, 1]], axis=1)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), LEAST_SCORE, MOST_OVERLAP)
        return [_face(boxes[number], points[number]) for number in np.array(kept, int).ravel()]


def _face(box: np.ndarray, points: np.ndarray) -> Face:
    left, top, width, height = (float(number) for number in box)
    (rx, ry), (lx, ly) = points[2].tolist(), points[3].tolist()
    return Face((left, top, width, height), ((rx, ry), (lx, ly)))


def _places() -> np.ndarray:
    """The middle of each box's place, shares of the side, `[896, 2]`."""
    found = []
    for stride, boxes in STRIDES:
        many = FACE_SIZE // stride
        y, x = np.mgrid[0:many, 0:many]
        middles = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / many
        found.append(np.repeat(middles, boxes, axis=0))
    return np.concatenate(found).astype(np.float32)


def _read(name: str) -> Any:
    # out of memory, as OpenCV opens no file whose path holds letters that the system's code page lacks
    return cv2.dnn.readNetFromTFLite(np.frombuffer((FOLDER / name).read_bytes(), np.uint8))
