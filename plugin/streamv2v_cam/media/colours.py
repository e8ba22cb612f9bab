"""Colours as a screen shows them: which matrix a picture has, and HDR or BT.2020 brought to BT.709."""

from __future__ import annotations

import os
import tempfile
from fractions import Fraction
from typing import Any

import numpy as np

BT709, BT601 = 1, 6
PQ, HLG = 16, 18
BT2020_PRIMARIES = 9
_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: "BT2020", 10: "BT2020"}
_UNSPECIFIED = (0, 2)
_HD_LINES = 720
"""Where nothing is tagged, players take BT.709 from this height on and BT.601 below."""
WHITE_NITS, PEAK_NITS = 203.0, 1000.0
"""ITU-R BT.2408: what white paper has in HDR, and the peak that is toned down to the brightest an SDR screen shows."""
_KNEE = 0.95
"""Up to this share of white nothing changes; the highlights share the rest."""
_GRID = 65
_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


def matrix_name(matrix: int) -> str:
    """The scaler's name for a colour matrix (ITU-T H.273)."""
    return _MATRICES.get(matrix, "ITU601")


def matrix_of(frame: Any) -> int:
    """The colour matrix of a decoded frame, by its tag or by what players take."""
    return _guessed(int(frame.colorspace), frame)


def is_wide(frame: Any) -> bool:
    """Whether a frame has to be brought to BT.709 before an SDR screen shows it rightly."""
    return int(frame.color_trc) in (PQ, HLG) or int(frame.color_primaries) == BT2020_PRIMARIES


def tags_of(frame: Any) -> tuple[int, int, int]:
    """Matrix, primaries and transfer (ITU-T H.273) of the picture that `Viewer` makes of a frame."""
    if is_wide(frame):
        return BT709, BT709, BT709
    return (
        matrix_of(frame),
        _guessed(int(frame.color_primaries), frame),
        _guessed(int(frame.color_trc), frame),
    )


def _guessed(tag: int, frame: Any) -> int:
    return (BT709 if frame.height >= _HD_LINES else BT601) if tag in _UNSPECIFIED else tag


class ToneMap:
    """HDR or BT.2020 RGB to BT.709 by FFmpeg's `lut3d`, for frames of one size and one transfer.

    Args:
        frame: a frame as it was decoded.
    """

    def __init__(self, frame: Any) -> None:
        import av.filter

        self._key = _key(frame)
        number, path = tempfile.mkstemp(suffix=".cube")
        try:
            with os.fdopen(number, "w", encoding="ascii") as file:
                file.write(cube(int(frame.color_trc)))
            graph: Any = av.filter.Graph()
            given = f"video_size={frame.width}x{frame.height}:pix_fmt=rgb48le:time_base=1/25:pixel_aspect=1/1"
            self._source = graph.add("buffer", given + ":colorspace=0:range=2")
            table = graph.add("lut3d", file=path)
            last = graph.add("format", "rgb24")
            self._sink = graph.add("buffersink")
            self._source.link_to(table)
            table.link_to(last)
            last.link_to(self._sink)
            graph.configure()
            self._graph = graph
        finally:
            os.unlink(path)

    def fits(self, frame: Any) -> bool:
        """Whether this one was made for such frames."""
        return self._key == _key(frame)

    def __call__(self, frame: Any) -> Any:
        """The frame in BT.709, RGB uint8 `[H, W, 3]`."""
        wide = frame.reformat(format="rgb48le", src_colorspace=matrix_name(matrix_of(frame)))
        wide.pts, wide.time_base = 0, Fraction(1, 25)
        self._source.push(wide)
        return self._sink.pull().to_ndarray(format="rgb24")


def _key(frame: Any) -> tuple[int, int, int]:
    return frame.width, frame.height, int(frame.color_trc)


def cube(transfer: int) -> str:
    """The table of `ToneMap` in the .cube format: BT.2020 of that transfer in, BT.709 out."""
    steps = np.linspace(0.0, 1.0, _GRID)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")  # red runs fastest
    coded = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
    shown = to_bt709(coded, transfer)
    rows = "\n".join(f"{red:.5f} {green:.5f} {blue:.5f}" for red, green, blue in shown)
    return f"LUT_3D_SIZE {_GRID}\n{rows}\n"


def to_bt709(coded: Any, transfer: int) -> Any:
    """Coded BT.2020 RGB `[..., 3]`, 0..1, to coded BT.709 RGB, 0..1.

    Sources: SMPTE ST 2084 (PQ) and ITU-R BT.2100 (HLG at 1000 nits) for the light, BT.2087 for the primaries.
    """
    if transfer == PQ:
        light = _pq_nits(coded) / WHITE_NITS
    elif transfer == HLG:
        light = _hlg_nits(coded) / WHITE_NITS
    else:
        light = _bt709_light(coded)
    light = np.maximum(light @ _TO_BT709.T, 0.0)
    if transfer in (PQ, HLG):
        brightest = light.max(axis=-1, keepdims=True)
        # one factor for all three channels keeps the hue of what is toned down
        light = light * (_toned(brightest) / np.maximum(brightest, 1e-9))
    light = np.clip(light, 0.0, 1.0)
    return np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)


def _toned(light: Any) -> Any:
    """Mobius' curve: straight up to the knee, then smoothly to 1 at the peak."""
    peak = PEAK_NITS / WHITE_NITS
    a = -(_KNEE**2) * (peak - 1) / (_KNEE**2 - 2 * _KNEE + peak)
    b = (_KNEE**2 - 2 * _KNEE * peak + peak) / (peak - 1)
    bent = (b * b + 2 * b * _KNEE + _KNEE**2) / (b - a) * (light + a) / (light + b + 1e-12)
    return np.where(light <= _KNEE, light, np.minimum(bent, 1.0))


def _pq_nits(coded: Any) -> Any:
    power = np.power(np.clip(coded, 0.0, 1.0), 1 / 78.84375)
    return 10000.0 * np.power(np.maximum(power - 0.8359375, 0.0) / (18.8515625 - 18.6875 * power), 1 / 0.1593017578125)


def _hlg_nits(coded: Any) -> Any:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return PEAK_NITS * np.power(np.maximum(luminance, 1e-9), 0.2)[..., None] * scene


def _bt709_light(coded: Any) -> Any:
    return np.where(coded < 0.081, coded / 4.5, np.power((np.maximum(coded, 0.0) + 0.099) / 1.099, 1 / 0.45))
