"""Buffers of tokens: plain, and packed in fp8 with a bounded error."""

from __future__ import annotations

import pytest
import torch

from streamv2v.memory.token_buffers import PackedBuffer, Scratch, TokenBuffer, pack, unpack

CPU = torch.device("cpu")
SHAPE, FRAMES = (2, 5, 8), 3
ALL = slice(0, 2)


def buffer(kind: str, dtype: torch.dtype = torch.float32) -> TokenBuffer | PackedBuffer:
    if kind == "same":
        return TokenBuffer(SHAPE, FRAMES, dtype=dtype, device=CPU)
    return PackedBuffer(SHAPE, FRAMES, dtype=dtype, device=CPU, groups=2, scratch=Scratch())


def frame(seed: int) -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [1e-6, 1.0, 3e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_packed_number_is_off_by_at_most_a_sixteenth(size: float, dtype: torch.dtype) -> None:
    tokens = (size * torch.randn(40, 64, generator=torch.Generator().manual_seed(0))).to(dtype)
    packed, scale = pack(tokens, 2)
    assert (packed.dtype, scale.shape) == (torch.float8_e4m3fn, (40, 2))
    back = unpack(packed, scale, torch.empty_like(tokens)).double()
    rounding = 2.0**-8 if dtype == torch.bfloat16 else 1e-6
    allowed = tokens.double().abs() * (1 / 16 + rounding) + scale.double().repeat_interleave(32, dim=1) * 2.0**-10
    assert ((back - tokens.double()).abs() <= allowed).all()
    assert ((back - tokens.double()).abs() > 0).any()


def test_a_token_of_zeros_stays_one() -> None:
    packed, scale = pack(torch.zeros(3, 4))
    assert torch.equal(unpack(packed, scale, torch.empty(3, 4)), torch.zeros(3, 4))


def test_large_values_do_not_make_the_small_keys_beside_them_coarse() -> None:
    keys, values = 1e-3 * torch.randn(6, 16), 1e3 * torch.randn(6, 16)
    tokens = torch.cat([keys, values], dim=1)
    back = unpack(*pack(tokens, 2), torch.empty_like(tokens))
    torch.testing.assert_close(back[:, :16], keys, rtol=0.07, atol=1e-5)


@pytest.mark.parametrize("kind", ["same", "fp8"])
def test_a_fill_repeats_the_frame_and_replacing_parts_leaves_the_others(kind: str) -> None:
    held = buffer(kind)
    held.open(ALL)[:, :5] = frame(0)
    held.keep(ALL, fill=True)
    first = held.whole(ALL).clone()
    assert torch.equal(first[:, :5].repeat(1, 4, 1), first)
    held.open(ALL)[:, :5] = frame(1)
    held.keep(ALL, fill=False)
    assert torch.equal(held.whole(ALL)[:, 5:], first[:, 5:])
    held.move_in(ALL, torch.arange(5, 10).expand(2, 5))
    now = held.whole(ALL).clone()
    assert torch.equal(now[:, 10:15], now[:, :5])
    assert torch.equal(now[:, 5:10], first[:, 5:10])
    assert torch.equal(now[:, 15:], first[:, 15:])
    torch.testing.assert_close(now[:, :5], frame(1), rtol=0.07 if kind == "fp8" else 0, atol=0.01)


@pytest.mark.parametrize("kind", ["same", "fp8"])
def test_one_rows_work_touches_no_other_row(kind: str) -> None:
    held = buffer(kind)
    held.open(ALL)[:, :5] = frame(0)
    held.keep(ALL, fill=True)
    before = held.whole(ALL)[0].clone()
    held.open(slice(1, 2))[:, :5] = frame(1)[1:]
    held.keep(slice(1, 2), fill=False)
    held.replace(slice(1, 2), torch.randn(1, 15, 8))
    assert torch.equal(held.whole(ALL)[0], before)


def test_packed_tokens_take_half_of_what_16_bit_ones_take() -> None:
    shape, scratch = (2, 64, 640), Scratch()
    plain = TokenBuffer(shape, 1, dtype=torch.bfloat16, device=CPU)
    packed = PackedBuffer(shape, 1, dtype=torch.bfloat16, device=CPU, groups=2, scratch=scratch)
    share = sum(t.nbytes for t in packed.held) / sum(t.nbytes for t in plain.held)
    assert share == pytest.approx(0.5, abs=0.01)
    PackedBuffer(shape, 1, dtype=torch.bfloat16, device=CPU, groups=2, scratch=scratch)
    assert scratch.nbytes == sum(t.nbytes for t in plain.held), "one for all layers of a shape"
