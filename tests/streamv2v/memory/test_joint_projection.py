"""Keys and values by one product, in place."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from streamv2v.memory.joint_projection import JointProjection

N, WIDTH = 7, 16


class Layer(nn.Module):
    def __init__(self, *, bias: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.to_k, self.to_v = nn.Linear(WIDTH, WIDTH, bias=bias), nn.Linear(WIDTH, WIDTH, bias=bias)
        self.requires_grad_(False)


def projected(layer: Layer, project: JointProjection, rows: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """What the projection writes into the first N of 2N tokens, and what the layer itself gives."""
    tokens = torch.randn(rows, N, WIDTH, generator=torch.Generator().manual_seed(1))
    both = torch.full((rows, 2 * N, 2 * WIDTH), -1.0)
    with torch.inference_mode():
        project(layer, tokens, both[:, :N])
        wanted = torch.cat([layer.to_k(tokens), layer.to_v(tokens)], dim=-1)
    assert (both[:, N:] == -1.0).all()
    return both[:, :N], wanted


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("bias", [False, True])
def test_it_writes_what_the_two_projections_give(bias: bool, rows: int) -> None:
    layer = Layer(bias=bias)
    got, wanted = projected(layer, JointProjection(layer.to_k, layer.to_v), rows)
    torch.testing.assert_close(got, wanted)


def test_the_weights_keep_their_numbers_and_are_held_once() -> None:
    layer, untouched = Layer(), Layer()
    JointProjection(layer.to_k, layer.to_v)
    assert torch.equal(layer.to_k.weight, untouched.to_k.weight)
    assert torch.equal(layer.to_v.weight, untouched.to_v.weight)
    storage = layer.to_k.weight.untyped_storage()
    assert storage.data_ptr() == layer.to_v.weight.untyped_storage().data_ptr()
    assert storage.nbytes() == 2 * WIDTH * WIDTH * 4
    JointProjection(layer.to_k, layer.to_v)
    assert layer.to_k.weight.untyped_storage().data_ptr() == storage.data_ptr(), "a second bank moves nothing"


def test_weights_changed_in_place_are_seen() -> None:
    layer = Layer()
    project = JointProjection(layer.to_k, layer.to_v)
    layer.to_v.weight.mul_(2.0)
    torch.testing.assert_close(*projected(layer, project))


def test_an_adapter_a_hook_or_other_weights_put_in_later_are_honoured() -> None:
    def adapter(layer: Layer) -> None:
        layer.to_k = nn.Sequential(layer.to_k, nn.Tanh())  # type: ignore[assignment]

    def hook(layer: Layer) -> None:
        layer.to_v.register_forward_hook(lambda _module, _inputs, output: output + 1.0)

    def moved(layer: Layer) -> None:
        layer.to_v.weight.data = torch.randn(WIDTH, WIDTH)

    for change in (adapter, hook, moved):
        layer = Layer()
        project = JointProjection(layer.to_k, layer.to_v)
        change(layer)
        torch.testing.assert_close(*projected(layer, project))


def test_gradients_still_flow_where_they_are_asked_for() -> None:
    layer = Layer()
    project = JointProjection(layer.to_k, layer.to_v)
    tokens = torch.randn(2, N, WIDTH, requires_grad=True)
    both = torch.zeros(2, 2 * N, 2 * WIDTH)
    project(layer, tokens, both[:, :N])
    both.sum().backward()
    assert tokens.grad is not None
    assert tokens.grad.abs().sum() > 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="the batched product into a gapped buffer needs CUDA")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_on_cuda_it_writes_in_place_and_takes_no_memory_for_a_copy(dtype: torch.dtype) -> None:
    layer = Layer().to("cuda", dtype)
    project = JointProjection(layer.to_k, layer.to_v)
    tokens = torch.randn(3, 512, WIDTH, device="cuda").to(dtype)
    both = torch.zeros(3, 1024, 2 * WIDTH, device="cuda", dtype=dtype)
    with torch.inference_mode():
        project(layer, tokens, both[:, :512])
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        project(layer, tokens, both[:, :512])
        assert torch.cuda.max_memory_allocated() == before
        wanted = torch.cat([layer.to_k(tokens), layer.to_v(tokens)], dim=-1)
    torch.testing.assert_close(both[:, :512], wanted, rtol=2e-2, atol=2e-2)
