"""Attention in two calls, joined by log-sum-exp, against one softmax over everything."""

from __future__ import annotations

import pytest
import torch

from streamv2v.memory.split_attention import attend_split, attend_with_sum, attend_with_sum_plainly, cuda_kernel

HEADS, COUNT, STORED, WIDTH = 2, 7, 5, 16


def tokens(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(3, COUNT, WIDTH, generator=generator)
    key, value = (torch.randn(3, COUNT + STORED, WIDTH, generator=generator) for _ in range(2))
    return query.to(dtype), key.to(dtype), value.to(dtype)


def in_one_softmax(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Every query's exp-logits written out, the bank's multiplied by the query's weight, `[B, N]`."""
    results = []
    for head in range(HEADS):
        part = slice(head * WIDTH // HEADS, (head + 1) * WIDTH // HEADS)
        share = (query[..., part] @ key[..., part].transpose(1, 2) / (WIDTH // HEADS) ** 0.5).exp()
        share[..., COUNT:] *= weight[..., None]
        results.append(share @ value[..., part] / share.sum(dim=-1, keepdim=True))
    return torch.cat(results, dim=-1)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-10), (torch.float32, 2e-6)])
def test_two_calls_equal_one_softmax_with_a_weight_for_every_query(dtype: torch.dtype, close: float) -> None:
    query, key, value = tokens(dtype)
    weight = torch.rand(3, COUNT, dtype=dtype) * 4
    weight[0, 0] = 0.0
    log_weight = weight.log()[:, None, :, None]
    ours = attend_split(query, key, value, heads=HEADS, count=COUNT, log_weight=log_weight)
    torch.testing.assert_close(ours, in_one_softmax(query, key, value, weight), rtol=close, atol=close)


def test_weight_zero_is_bit_for_bit_the_current_frame_alone() -> None:
    query, key, value = tokens(torch.float32)
    q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in (query, key[:, :COUNT], value[:, :COUNT]))
    alone = attend_with_sum(q, k, v)[0].transpose(1, 2).flatten(2)
    ours = attend_split(query, key, value, heads=HEADS, count=COUNT, log_weight=torch.tensor(-torch.inf))
    assert torch.equal(ours, alone)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_the_fast_kernel_gives_the_same_output_and_sums_as_plain_mathematics(dtype: torch.dtype) -> None:
    q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in tokens(dtype))
    rounding = {torch.float64: 1e-12, torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}[dtype]
    output, logsumexp = attend_with_sum(q, k[:, :, COUNT:], v[:, :, COUNT:])
    plain_output, plain_sum = attend_with_sum_plainly(q, k[:, :, COUNT:], v[:, :, COUNT:])
    torch.testing.assert_close(output, plain_output, rtol=rounding, atol=rounding)
    torch.testing.assert_close(logsumexp, plain_sum, rtol=rounding, atol=rounding)


@pytest.mark.parametrize(
    ("capability", "half", "bfloat16", "single"),
    [((7, 5), "efficient", "plain", "efficient"), ((8, 6), "flash", "flash", "efficient")],
    ids=["Turing", "Ampere"],
)
def test_no_card_is_asked_for_a_kernel_that_it_lacks(
    capability: tuple[int, int], half: str, bfloat16: str, single: str
) -> None:
    assert cuda_kernel(torch.float16, 64, capability) == half
    assert cuda_kernel(torch.bfloat16, 64, capability) == bfloat16
    assert cuda_kernel(torch.float32, 64, capability) == single
    assert cuda_kernel(torch.float16, 512, capability) == "efficient", "flash attention ends at 256 channels a head"
    assert cuda_kernel(torch.float64, 64, capability) == "plain"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="the CUDA kernels need a CUDA device")
@pytest.mark.parametrize("head_width", [40, 64, 80, 160, 12])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_every_cuda_kernel_gives_the_same_output_and_sums_as_plain_mathematics(
    dtype: torch.dtype, head_width: int
) -> None:
    generator = torch.Generator("cuda").manual_seed(0)
    q = torch.randn(2, 4, 70, head_width, generator=generator, device="cuda").to(dtype)
    k, v = (torch.randn(2, 4, 90, head_width, generator=generator, device="cuda").to(dtype) for _ in range(2))
    for ours, plain in zip(attend_with_sum(q, k, v), attend_with_sum_plainly(q, k, v), strict=True):
        torch.testing.assert_close(ours, plain, rtol=2e-2, atol=2e-2)
