"""Frames as a player shows them: turned, mirrored, opaque, deinterlaced, toned down."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from streamv2v_cam.media.colours import HLG, PQ, ToneMap, cube, tags_of, to_bt709
from streamv2v_cam.media.turning import Turn, turn_of
from streamv2v_cam.media.viewing import Viewer, deinterlaced

UNIT = 1 << 16


class _Side:
    """A side datum as PyAV has it."""

    class type:
        name = "DISPLAYMATRIX"

    def __init__(self, a: int, b: int, c: int, d: int) -> None:
        self._raw = struct.pack("=9i", a * UNIT, b * UNIT, 0, c * UNIT, d * UNIT, 0, 0, 0, 1 << 30)

    def __bytes__(self) -> bytes:
        return self._raw


class _Frame:
    def __init__(self, *matrix: int) -> None:
        self.side_data = [_Side(*matrix)] if matrix else []


@pytest.mark.parametrize("matrix", [(), (1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1)])
@pytest.mark.parametrize("swap", [False, True])
def test_every_display_matrix_puts_each_corner_where_it_says(matrix: tuple[int, ...], swap: bool) -> None:
    if swap and matrix:
        matrix = (0, matrix[0], matrix[3], 0)
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    turned = turn_of(_Frame(*matrix)).apply(picture)
    a, b, c, d = matrix or (1, 0, 0, 1)
    for y in range(2):
        for x in range(3):
            # coordinates around the middle, doubled so that they are whole
            at_x, at_y = a * (2 * x - 2) + c * (2 * y - 1), b * (2 * x - 2) + d * (2 * y - 1)
            height, width = turned.shape[:2]
            assert (turned[(at_y + height - 1) // 2, (at_x + width - 1) // 2] == picture[y, x]).all()


def test_a_frame_without_a_matrix_is_left_as_it_is() -> None:
    assert turn_of(_Frame()) == Turn()


def test_what_lets_through_is_laid_over_black() -> None:
    picture = np.full((4, 6, 4), 200, np.uint8)
    picture[:, :2, 3], picture[:, 2:4, 3], picture[:, 4:, 3] = 255, 0, 128
    shown = Viewer().pixels(av.VideoFrame.from_ndarray(picture, format="rgba"))
    assert shown[0, 0].tolist() == [200] * 3 and shown[0, 2].tolist() == [0] * 3
    assert abs(int(shown[0, 5, 0]) - 100) <= 1


def interlaced(number: int) -> Any:
    """A white bar that moves between the two fields: combs where it was not yet."""
    picture = np.full((32, 64, 3), 40, np.uint8)
    picture[::2, 8 * number : 8 * number + 16] = 220
    picture[1::2, 8 * number + 4 : 8 * number + 20] = 220
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = 10 * number, Fraction(1, 100)
    return frame


class _Interlaced:
    """A frame that says it has two fields; PyAV lets nobody set that mark."""

    interlaced_frame = True

    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def __getattr__(self, name: str) -> Any:
        return getattr(self.frame, name)


def test_frames_that_are_not_interlaced_pass_untouched_with_their_times() -> None:
    frames = [interlaced(number) for number in range(3)]
    shown = list(deinterlaced(frames))
    assert [piece.pts for piece in shown] == [0, 10, 20]
    assert all(piece.frame is frame for piece, frame in zip(shown, frames, strict=True))


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_white_is_white_and_highlights_are_toned_down_without_an_edge(transfer: int) -> None:
    grey = np.linspace(0, 1, 400)
    shown = to_bt709(np.repeat(grey[:, None], 3, axis=1), transfer)
    # neutral stays neutral, brighter stays brighter
    assert np.ptp(shown, axis=1).max() < 0.01
    assert (np.diff(shown[:, 0]) > -1e-6).all() and shown[-1, 0] > 0.99
    white = {PQ: 0.58069, HLG: 0.75}[transfer]  # ITU-R BT.2408: 203 nits
    assert 0.95 < float(np.interp(white, grey, shown[:, 0])) < 1.0


def test_an_sdr_picture_in_bt2020_keeps_its_greys_and_its_red_gets_no_paler() -> None:
    assert to_bt709(np.full((1, 3), 0.5), 14) == pytest.approx(np.full((1, 3), 0.5), abs=0.005)
    red = to_bt709(np.array([[0.7, 0.2, 0.2]]), 14)[0]
    assert red[0] > 0.7 and red[1] < 0.2


def test_the_table_is_what_the_filter_applies_and_the_result_is_tagged_as_sdr() -> None:
    frame: Any = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 140, np.uint8), format="rgb24")
    frame = frame.reformat(format="yuv420p10le", dst_colorspace="BT2020")
    frame.color_trc, frame.color_primaries, frame.colorspace = PQ, 9, 9
    assert tags_of(frame) == (1, 1, 1)
    expected = to_bt709(np.full((1, 3), 140 / 255), PQ)[0] * 255
    assert ToneMap(frame)(frame)[8, 8] == pytest.approx(expected, abs=4)
    assert cube(PQ).startswith("LUT_3D_SIZE")
