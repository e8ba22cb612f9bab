"""The nearest stored output: three ways, one result."""

from __future__ import annotations

import importlib.util
import os

import pytest
import torch

from streamv2v.memory.nearest import faster, kernel, nearest, nearest_in_parts, nearest_plainly

HAS_TRITON = importlib.util.find_spec("triton") is not None
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
SHAPES = [(70, 90, 40), (64, 64, 32), (5, 130, 20), (1, 1, 8)]


def tokens(shape: tuple[int, int, int], dtype: torch.dtype, device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    count, stored, width = shape
    generator = torch.Generator().manual_seed(0)
    output, bank = (torch.randn(2, n, width, generator=generator) for n in (count, stored))
    return output.to(device, dtype), bank.to(device, dtype)


@pytest.mark.parametrize("shape", SHAPES)
def test_in_parts_it_finds_what_the_whole_matrix_finds(shape: tuple[int, int, int]) -> None:
    output, bank = tokens(shape, torch.float64)
    whole = nearest_plainly(output, bank)
    for largest in (1, 1000, 10**9):
        best, index = nearest_in_parts(output, bank, largest=largest)
        torch.testing.assert_close(best, whole[0], rtol=1e-12, atol=1e-12)
        assert torch.equal(index, whole[1])


def test_the_best_is_the_greatest_cosine_and_the_index_is_where_it_stands() -> None:
    output, bank = tokens((6, 9, 5), torch.float64)
    best, index = nearest(output, bank)
    for row in range(2):
        for token in range(6):
            cosines = torch.nn.functional.cosine_similarity(output[row, token], bank[row], dim=-1)
            assert index[row, token].item() == cosines.argmax().item()
            torch.testing.assert_close(best[row, token, 0], cosines.max())


def test_the_trial_keeps_the_faster_way_and_the_plain_one_where_the_other_cannot_run() -> None:
    output, bank = tokens((600, 600, 64), torch.float32)

    def slow(one: torch.Tensor, other: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for _ in range(30):
            nearest_plainly(one, other)
        return nearest_plainly(one, other)

    def broken(one: torch.Tensor, other: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        raise RuntimeError("no compiler")

    assert faster(nearest_plainly, slow, output, bank) is nearest_plainly
    assert faster(slow, nearest_plainly, output, bank) is nearest_plainly
    assert faster(nearest_plainly, broken, output, bank) is nearest_plainly


@pytest.mark.skipif(not HAS_TRITON, reason="the kernel needs Triton, which comes with PyTorch's CUDA builds")
@pytest.mark.skipif(
    not INTERPRETED and not torch.cuda.is_available(),
    reason="the kernel needs a CUDA device, or Triton's interpreter (TRITON_INTERPRET=1)",
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernel_finds_the_same_as_the_matrix(shape: tuple[int, int, int], dtype: torch.dtype) -> None:
    output, bank = tokens(shape, dtype, "cpu" if INTERPRETED else "cuda")
    agrees_with_the_matrix(output, bank)
    channels_apart = torch.stack([bank, -bank], dim=2)[:, :, 0]
    agrees_with_the_matrix(output, channels_apart)


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_TRITON, reason="the kernel needs Triton, which comes with PyTorch's CUDA builds")
@pytest.mark.skipif(
    INTERPRETED or not torch.cuda.is_available(), reason="bfloat16 in the kernel needs a CUDA device: not interpreted"
)
def test_the_kernel_finds_the_same_in_bfloat16() -> None:
    agrees_with_the_matrix(*tokens((300, 500, 1280), torch.bfloat16, "cuda"))


def agrees_with_the_matrix(output: torch.Tensor, bank: torch.Tensor) -> None:
    """The kernel sums more finely than the matrix, so near-ties may fall otherwise; the cosine may not."""
    fused = kernel()
    assert fused is not None
    best, index = fused(output, bank)
    cosines, _ = nearest_plainly(output.double(), bank.double())
    rounding = 1e-5 if output.dtype == torch.float32 else 1e-2
    torch.testing.assert_close(best.double(), cosines, rtol=rounding, atol=rounding)
    chosen = bank.double().gather(1, index.expand(-1, -1, bank.shape[-1]))
    there = torch.nn.functional.cosine_similarity(output.double(), chosen, dim=-1).unsqueeze(-1)
    torch.testing.assert_close(there, cosines, rtol=1e-5, atol=1e-5)
