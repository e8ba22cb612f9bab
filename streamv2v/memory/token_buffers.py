"""Tokens of the current frame and of the bank in one tensor, in the network's own format or packed in fp8.

Both kinds do the same for a layer: hand out `[B, N + M, C]` to write the current frame into and to read,
copy the current frame into the bank, replace parts of the bank or all of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import ConfigError

FP8 = torch.float8_e4m3fn
LARGEST = 448.0
"""Largest number of e4m3."""
SMALLEST_SCALE = 1e-12


def pack(tokens: Tensor, groups: int = 1) -> tuple[Tensor, Tensor]:
    """Tokens as fp8 (e4m3) with one scale for each token and group of channels.

    Args:
        tokens: `[..., C]`.
        groups: equal parts of the channels with a scale of their own; divides C.
    Returns:
        packed `[..., C]` and scales `[..., groups]` in float32; each number is off by at most 1/16 of itself,
        or by 2^-10 of a scale where it is tiny.
    """
    parts = tokens.unflatten(-1, (groups, -1)).float()
    scale = (parts.abs().amax(dim=-1) / LARGEST).clamp(min=SMALLEST_SCALE)
    packed = (parts / scale.unsqueeze(-1)).clamp(-LARGEST, LARGEST).to(FP8)
    return packed.flatten(-2), scale


def unpack(packed: Tensor, scale: Tensor, out: Tensor) -> Tensor:
    """Undo `pack` into `out`, `[..., C]`; returns it."""
    groups = scale.shape[-1]
    parts = packed.unflatten(-1, (groups, -1)).float() * scale.unsqueeze(-1)
    return out.copy_(parts.flatten(-2))


class TokenBuffer:
    """Tokens in the network's own format; what attention reads is the buffer itself.

    Args:
        shape: `(rows, N, C)` of a frame.
        frames: frames that the bank holds; M = frames N.
    """

    def __init__(self, shape: tuple[int, int, int], frames: int, *, dtype: torch.dtype, device: torch.device) -> None:
        rows, self._count, channels = shape
        self._frames = frames
        self.tokens = torch.zeros(rows, (1 + frames) * self._count, channels, dtype=dtype, device=device)

    @property
    def held(self) -> list[Tensor]:
        """The tensors that hold it."""
        return [self.tokens]

    def open(self, rows: slice) -> Tensor:
        """The current frame's place and the bank, `[B, N + M, C]`, good until another buffer is opened."""
        return self.tokens[rows]

    def keep(self, rows: slice, *, fill: bool) -> None:
        """Keep the current frame that was written into `open`; `fill` copies it over the whole bank."""
        if fill:
            _spread(self.tokens[rows], self._count)

    def whole(self, rows: slice) -> Tensor:
        """Current frame and bank as they were kept, `[B, N + M, C]`, to be read only."""
        return self.tokens[rows]

    def replace(self, rows: slice, bank: Tensor) -> None:
        """Make `bank`, `[B, M, C]`, the bank."""
        self.tokens[rows, self._count :] = bank

    def move_in(self, rows: slice, places: Tensor) -> None:
        """Copy the current frame to `places` of the bank, `[B, N]`, 0..M-1."""
        _scatter(self.tokens[rows], self._count, places)


class PackedBuffer:
    """The same tokens in fp8: half the memory of 16-bit formats, for a little precision and time.

    Attention reads from a scratch tensor that all layers of one shape share; the bank is unpacked into it
    before, the current frame packed from it after. So a frame costs two more passes over a layer's tokens.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        frames: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
        groups: int,
        scratch: Scratch,
    ) -> None:
        if device.type == "mps":
            raise ConfigError("storage: 'fp8' was refused; this device (mps) has no such numbers. Use 'same'.")
        rows, self._count, channels = shape
        self._groups = groups
        whole = (rows, (1 + frames) * self._count)
        self.tokens = torch.zeros(*whole, channels, dtype=torch.uint8, device=device)
        self._scale = torch.full((*whole, groups), SMALLEST_SCALE, device=device)
        self._scratch = scratch.of((*whole, channels), dtype, device)

    @property
    def held(self) -> list[Tensor]:
        """The tensors that hold it, without the scratch."""
        return [self.tokens, self._scale]

    def open(self, rows: slice) -> Tensor:
        """As `TokenBuffer.open`: scratch with the bank unpacked into it."""
        scratch, count = self._scratch[rows], self._count
        unpack(self.tokens[rows, count:].view(FP8), self._scale[rows, count:], scratch[:, count:])
        return scratch

    def keep(self, rows: slice, *, fill: bool) -> None:
        """As `TokenBuffer.keep`."""
        tokens, scale, count = self.tokens[rows], self._scale[rows], self._count
        packed, scales = pack(self._scratch[rows, :count], self._groups)
        tokens[:, :count] = packed.view(torch.uint8)
        scale[:, :count] = scales
        if fill:
            _spread(tokens, count)
            _spread(scale, count)

    def whole(self, rows: slice) -> Tensor:
        """As `TokenBuffer.whole`: everything unpacked into scratch."""
        return unpack(self.tokens[rows].view(FP8), self._scale[rows], self._scratch[rows])

    def replace(self, rows: slice, bank: Tensor) -> None:
        """As `TokenBuffer.replace`."""
        packed, scale = pack(bank, self._groups)
        self.tokens[rows, self._count :] = packed.view(torch.uint8)
        self._scale[rows, self._count :] = scale

    def move_in(self, rows: slice, places: Tensor) -> None:
        """As `TokenBuffer.move_in`; nothing is unpacked."""
        _scatter(self.tokens[rows], self._count, places)
        _scatter(self._scale[rows], self._count, places)


class Scratch:
    """Working tensors, one for each shape, shared by all layers: they run one after another."""

    def __init__(self) -> None:
        self._held: dict[tuple[tuple[int, ...], torch.dtype, torch.device], Tensor] = {}

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(tensor.nbytes for tensor in self._held.values())

    def of(self, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
        """The tensor of that shape."""
        key = (shape, dtype, device)
        if key not in self._held:
            self._held[key] = torch.zeros(shape, dtype=dtype, device=device)
        return self._held[key]


def _spread(tokens: Tensor, count: int) -> None:
    """Copy the first `count` tokens of `[B, N + M, C]` over all others."""
    frames = tokens.unflatten(1, (-1, count))
    frames[:, 1:] = frames[:, :1]


def _scatter(tokens: Tensor, count: int, places: Tensor) -> None:
    """Copy the first `count` tokens to `places` among the others."""
    tokens[:, count:].scatter_(1, places.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]), tokens[:, :count])
