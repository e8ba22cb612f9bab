"""Between host and device without waiting: numbers and frames in, pictures out, through pinned memory.

A copy is only asynchronous from or to pinned memory; from ordinary memory it first waits for all work
before it. Frames and pictures have a copy stream of their own each and two places to be in, so that the
next frame is on its way in and the last picture on its way out while the present one is computed.

    upload       | T+1 |        | T+2 |
    compute   ...| T           || T+1          |...
    download     | T-1 |        | T   |

On a device without streams the same classes are plain memory, and every copy is done when it returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..frames import Pixels

PLACES = 2
"""Frames that may be between their `submit` and their `collect` at the same time."""


def overwrite(target: Tensor, source: Tensor) -> None:
    """Write a host tensor into one of the same shape and of fixed address, converted to its format, without waiting."""
    if target.is_cuda and not source.is_cuda:
        # converted here, since a copy that also converts goes through ordinary memory; the pinned block
        # goes back to its pool only when the device has read it
        source = source.to(target.dtype).contiguous().pin_memory()
    target.copy_(source, non_blocking=True)


def sent(source: Tensor, device: torch.device) -> Tensor:
    """A host tensor on `device`, without waiting."""
    return source.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else source.to(device)


@dataclass
class _Place:
    """A frame's memory on both sides; `arrived` is the event after the last copy, None where copies are at once."""

    host: Tensor
    device: Tensor
    arrived: Any


class Upload:
    """Frames from the host to the device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream: Any = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._places: list[_Place] = []
        self._turn = 0

    def send(self, frame: Pixels) -> Tensor:
        """Start a frame, uint8 `[H, W, 3]`, on its way; another size than the last one's takes new memory.

        Returns:
            the frame on the device, for work on the current stream; the second `send` after this one
            overwrites it, so that by then the frame's picture must have been collected.
        """
        if not self._places or self._places[0].host.shape != frame.shape:
            self._make_room(frame.shape)
        self._turn = (self._turn + 1) % PLACES
        place = self._places[self._turn]
        np.copyto(place.host.numpy(), frame)
        if self._stream is not None:
            with torch.cuda.stream(self._stream):
                place.device.copy_(place.host, non_blocking=True)
                place.arrived.record()
            torch.cuda.current_stream(self._device).wait_event(place.arrived)
        return place.device

    def _make_room(self, shape: tuple[int, ...]) -> None:
        self._places = []
        for _ in range(PLACES):
            host = torch.empty(shape, dtype=torch.uint8, pin_memory=self._stream is not None)
            there = torch.empty(shape, dtype=torch.uint8, device=self._device) if self._stream is not None else host
            self._places.append(_Place(host, there, torch.cuda.Event() if self._stream is not None else None))
        if self._stream is not None:
            # the new memory may be an old frame's that the device still reads
            self._stream.wait_stream(torch.cuda.current_stream(self._device))


class Download:
    """Pictures from the device to the host.

    Args:
        picture: where every finished picture is, uint8 `[H, W, 3]` on the device.
    """

    def __init__(self, picture: Tensor) -> None:
        self._picture = picture
        cuda = picture.is_cuda
        self._stream: Any = torch.cuda.Stream(picture.device) if cuda else None
        self._turn = 0
        self._places = [
            # a host thread that waits for a blocking event sleeps instead of spinning
            _Place(
                torch.empty(picture.shape, dtype=torch.uint8, pin_memory=cuda),
                picture,
                torch.cuda.Event(blocking=True) if cuda else None,
            )
            for _ in range(PLACES)
        ]

    def begin(self) -> int:
        """Start the present picture on its way; returns the number to wait for it with."""
        self._turn = (self._turn + 1) % PLACES
        place = self._places[self._turn]
        if self._stream is None:
            place.host.copy_(self._picture)
        else:
            self._stream.wait_stream(torch.cuda.current_stream(self._picture.device))
            with torch.cuda.stream(self._stream):
                place.host.copy_(self._picture, non_blocking=True)
                place.arrived.record()
        return self._turn

    def before_overwriting(self) -> None:
        """The device, not the host, waits until the last picture is on its way before it writes another."""
        if self._stream is not None:
            torch.cuda.current_stream(self._picture.device).wait_event(self._places[self._turn].arrived)

    def wait(self, number: int) -> Pixels:
        """The picture of that number, in memory of its own."""
        place = self._places[number]
        if place.arrived is not None:
            place.arrived.synchronize()  # the one host synchronisation of a frame
        return place.host.numpy().copy()
