"""Where the face is in a picture, so that its cells weigh more in training, and eyes and mouth can be judged.

Found by the three small networks of MTCNN (Zhang, Zhang, Li and Qiao, 2016), whose weights lie in the package
facenet-pytorch; only those are read (its code would bring torchvision along). Without the package no face is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import util
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

PACKAGE = "facenet-pytorch==2.6.0"
SMALLEST = 20
"""Least width of a face, pixels; smaller ones have no eyes to keep."""
SURE = (0.6, 0.7, 0.8)
PYRAMID = 0.709


class _Network(nn.Module):
    """One of the three: convolutions, then dense layers; the answers are (of a face or not), box and points."""

    def __init__(self, convolutions: Sequence[tuple[int, int, int, int]], dense: tuple[int, int] | None) -> None:
        super().__init__()
        self._pools = []
        for number, (given, made, size, pool) in enumerate(convolutions, 1):
            setattr(self, f"conv{number}", nn.Conv2d(given, made, size))
            setattr(self, f"prelu{number}", nn.PReLU(made))
            self._pools.append(pool)
        number, made = len(convolutions) + 1, convolutions[-1][1]
        self._dense = f"dense{number}" if dense else ""
        if dense:
            setattr(self, f"dense{number}", nn.Linear(*dense))
            setattr(self, f"prelu{number}", nn.PReLU(dense[1]))
        answers = (2, 4, 10) if number == 5 else (2, 4)
        self._answers = []
        for index, count in enumerate(answers, 1):
            name = f"dense{number + 1}_{index}" if dense else f"conv{number}_{index}"
            setattr(self, name, nn.Linear(dense[1], count) if dense else nn.Conv2d(made, count, 1))
            self._answers.append(name)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Pictures [B, 3, H, W] in -1..1; the chance of a face comes first, as [B, 2] or [B, 2, h, w]."""
        for number, pool in enumerate(self._pools, 1):
            x = getattr(self, f"prelu{number}")(getattr(self, f"conv{number}")(x))
            if pool:
                x = nn.functional.max_pool2d(x, pool, 2, ceil_mode=True)
        if self._dense:
            # The weights come from a library whose pictures lie on their side.
            x = getattr(self, self._dense)(x.permute(0, 3, 2, 1).flatten(1))
            x = getattr(self, f"prelu{self._dense[-1]}")(x)
        answers = [getattr(self, name)(x) for name in self._answers]
        return [answers[0].softmax(dim=1), *answers[1:]]


def proposer() -> _Network:
    """Sees windows of 12 pixels, wherever they lie."""
    return _Network([(3, 10, 3, 2), (10, 16, 3, 0), (16, 32, 3, 0)], None)


def refiner() -> _Network:
    """Sees pictures of 24 pixels."""
    return _Network([(3, 28, 3, 3), (28, 48, 3, 3), (48, 64, 2, 0)], (576, 128))


def placer() -> _Network:
    """Sees pictures of 48 pixels, and finds eyes, nose and mouth in them."""
    return _Network([(3, 32, 3, 3), (32, 64, 3, 3), (64, 64, 3, 2), (64, 128, 2, 0)], (1152, 256))


@cache
def _networks() -> tuple[_Network, _Network, _Network] | None:
    """Those that propose, refine and place faces; None where their weights are not installed."""
    spec = util.find_spec("facenet_pytorch")
    if spec is None or spec.origin is None:
        return None
    shapes = {"pnet": proposer(), "rnet": refiner(), "onet": placer()}
    for name, network in shapes.items():
        weights = Path(spec.origin).parent / "data" / f"{name}.pt"
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        network.eval()
    return tuple(shapes.values())  # type: ignore[return-value]


def find_face(picture: np.ndarray) -> np.ndarray:
    """The largest face in an RGB picture: left, top, right, bottom in pixels, float32 [4]; all 0 for none."""
    found = find_features(picture)
    return np.zeros(4, np.float32) if found is None else found[0]


@torch.inference_mode()
def find_features(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The largest face in an RGB picture [H, W, 3] and its five points.

    Returns:
        The box (left, top, right, bottom), float32 [4], and the points (x, y) of both eyes, nose and both corners of
        the mouth, [5, 2]; None for no face, or where the networks are not installed.
    """
    networks = _networks()
    if networks is None:
        return None
    propose, refine, place = networks
    boxes = _proposals(picture, propose)
    if len(boxes):
        sure, moves = refine(_patches(picture, boxes, 24))
        boxes = _kept(boxes, sure[:, 1].numpy(), moves.numpy(), SURE[1])
    if not len(boxes):
        return None
    sure, moves, points = place(_patches(picture, boxes, 48))
    chance = sure[:, 1].numpy()
    places = points.numpy().reshape(-1, 2, 5).transpose(0, 2, 1)
    places = boxes[:, None, :2] + places * (boxes[:, 2:4] - boxes[:, :2])[:, None]
    boxes = boxes + moves.numpy() * np.tile(boxes[:, 2:4] - boxes[:, :2], 2)
    sides = np.where(chance > SURE[2], boxes[:, 2] - boxes[:, 0], 0)
    largest = int(sides.argmax())
    if sides[largest] < SMALLEST:
        return None
    return boxes[largest].astype(np.float32), places[largest].astype(np.float32)


def feature_boxes(points: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) around the eyes and the mouth of the five points [5, 2] of a face."""
    wide = float(np.linalg.norm(points[1] - points[0]))
    mouth = points[3:].mean(axis=0)
    middles = ((points[0], 0.32, 0.26), (points[1], 0.32, 0.26), (mouth, 0.5, 0.3))
    return [
        (max(0, round(x - w * wide)), max(0, round(y - h * wide)), round(x + w * wide) + 1, round(y + h * wide) + 1)
        for (x, y), w, h in middles
    ]


def _tensor(picture: np.ndarray) -> torch.Tensor:
    return (torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).float() - 127.5) / 128


def _proposals(picture: np.ndarray, propose: _Network) -> np.ndarray:
    """Boxes where a window of 12 pixels, slid over ever smaller copies of the picture, sees a face: [n, 4]."""
    boxes, scores, scale = [], [], 12 / SMALLEST
    height, width = picture.shape[:2]
    while min(height, width) * scale >= 12:
        small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        sure, moves = (answer[0].numpy() for answer in propose(_tensor(small)[None]))
        rows, columns = np.nonzero(sure[1] > SURE[0])
        corners = np.stack([columns, rows, columns, rows], axis=1) * 2.0 + (0, 0, 12, 12)
        box = corners / scale + moves[:, rows, columns].T * (12 / scale)
        boxes.append(box)
        scores.append(sure[1][rows, columns])
        scale *= PYRAMID
    if not boxes:
        return np.zeros((0, 4))
    found, chances = np.concatenate(boxes), np.concatenate(scores)
    return _squares(found[_apart(found, chances)])


def _kept(boxes: np.ndarray, sure: np.ndarray, moves: np.ndarray, least: float) -> np.ndarray:
    moved = boxes + moves * np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    moved, sure = moved[sure > least], sure[sure > least]
    return _squares(moved[_apart(moved, sure)])


def _apart(boxes: np.ndarray, scores: np.ndarray, *, overlap: float = 0.6) -> list[int]:
    """The surest boxes of which none covers another by more than `overlap`."""
    left, kept = list(np.argsort(-scores)), []
    while left:
        kept.append(best := left.pop(0))
        left = [i for i in left if _shared(boxes[best], boxes[i]) < overlap]
    return kept


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    wide, high = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    both = max(0.0, float(wide)) * max(0.0, float(high))
    areas = (float(np.prod(box[2:] - box[:2])) for box in (one, other))
    return both / max(1e-6, sum(areas) - both)


def _squares(boxes: np.ndarray) -> np.ndarray:
    """Boxes grown to squares around their middles."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def _patches(picture: np.ndarray, boxes: np.ndarray, size: int) -> torch.Tensor:
    """What the boxes show, black beyond the picture: [n, 3, size, size]."""
    patches = []
    for left, top, right, _ in boxes:
        scale = size / max(right - left, 1.0)
        move = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
        patches.append(_tensor(cv2.warpAffine(picture, move, (size, size), flags=cv2.INTER_LINEAR)))
    return torch.stack(patches)
