"""Work of a card beside the frames, in a thread that may wait."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def beside(device: torch.device) -> Iterator[None]:
    """Within it a card's work goes on a stream of its own, and is done when it is left."""
    if device.type != "cuda":
        yield
        return
    stream = torch.cuda.Stream(device)
    with torch.cuda.stream(stream):
        yield
    stream.synchronize()


def taken_over(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor that was made beside, for the stream that reads it from now on."""
    if tensor.is_cuda:
        tensor.record_stream(torch.cuda.current_stream(tensor.device))
    return tensor
