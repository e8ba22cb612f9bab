"""How a decoded picture is laid on the screen: its display matrix, which the turn in a photo's EXIF data becomes."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..frame import Pixels


@dataclass(frozen=True)
class Turn:
    """How a decoded picture is laid on the screen: first its axes are swapped, then it is flipped."""

    swap: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def apply(self, pixels: Any) -> Pixels:
        """The picture upright, contiguous."""
        if self.swap:
            pixels = pixels.transpose(1, 0, 2)
        pixels = pixels[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
        return np.ascontiguousarray(pixels, dtype=np.uint8)


def turn_of(frame: Any) -> Turn:
    """The turn that a frame's display matrix asks for, mirrored ones included; the nearest one to a slanted one."""
    found = next((side for side in _side_data(frame) if side.type.name == "DISPLAYMATRIX"), None)
    if found is None:
        return Turn()
    # x' = a x + c y, y' = b x + d y, in whole numbers of 1/65536
    a, b, _, c, d = struct.unpack("=9i", bytes(found)[:36])[:5]
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(swap=True, flip_x=c < 0, flip_y=b < 0)
    return Turn(flip_x=a < 0, flip_y=d < 0)


def _side_data(frame: Any) -> Any:
    """What stands beside a frame, without the kinds that PyAV has no name for and refuses to list, such as EXIF."""
    for _ in range(8):
        try:
            return frame.side_data
        except ValueError as error:
            unknown = re.match(r"\d+", str(error))
            if unknown is None:
                break
            frame = _without(frame, int(unknown[0]))
    return ()


def _without(frame: Any, kind: int) -> Any:
    import av.filter

    graph: Any = av.filter.Graph()
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/25:pixel_aspect=1/1"
        f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    taken, sink = graph.add("sidedata", f"mode=delete:type={kind}"), graph.add("buffersink")
    source.link_to(taken)
    taken.link_to(sink)
    graph.configure()
    source.push(frame)
    return sink.pull()
