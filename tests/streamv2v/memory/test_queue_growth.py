"""A queue of fixed shape weighs what it holds as one that grows."""

from __future__ import annotations

import pytest
import torch

from streamv2v.config import BankConfig
from streamv2v.memory.bank import FeatureBank
from streamv2v.memory.extended_attention import attend
from streamv2v.memory.queue_growth import QueueGrowth
from streamv2v.memory.split_attention import attend_split

N, Q, WIDTH = 5, 4, 8


@pytest.mark.parametrize("held", range(1, Q + 3))
def test_attention_over_a_filling_queue_is_that_over_the_frames_it_holds(held: int) -> None:
    torch.manual_seed(held)
    frames = [torch.randn(1, N, WIDTH, dtype=torch.float64) for _ in range(held)]
    query, now = torch.randn(2, 1, N, WIDTH, dtype=torch.float64)
    growth = QueueGrowth(1, N, Q, dtype=torch.float64, device=torch.device("cpu"))
    growth.fill(slice(0, 1))
    places = frames[:1] * Q
    for number, frame in enumerate(frames[1:]):
        places[number % Q] = frame
        growth.take_in(slice(0, 1), torch.arange(N)[None] + number % Q * N)
    fixed = torch.cat([now, *places], dim=1)
    grown = torch.cat([now, *frames[-Q:]], dim=1)
    expected = attend(query, grown, grown, heads=2)
    assert torch.allclose(attend(query, fixed, fixed, heads=2, bias=growth.bias), expected, atol=1e-12)
    # and so with the bank's weight beside it, by the two calls that are joined
    weight = torch.tensor(0.0, dtype=torch.float64)
    split = attend_split(query, fixed, fixed, heads=2, count=N, log_weight=weight, bias=growth.bias)
    assert torch.allclose(split, expected, atol=1e-12)


def test_rows_grow_each_for_itself_and_no_address_changes() -> None:
    growth = QueueGrowth(2, N, Q, dtype=torch.float32, device=torch.device("cpu"))
    addresses = [tensor.data_ptr() for tensor in growth.state]
    growth.fill(slice(0, 2))
    growth.take_in(slice(1, 2), torch.arange(N)[None])
    assert growth.bias[0, N:].unique().tolist() == pytest.approx([-torch.tensor(4.0).log().item()])
    assert growth.bias[1, N : 2 * N].tolist() == [0.0] * N
    assert growth.bias[1, 2 * N :].unique().tolist() == pytest.approx([-torch.tensor(3.0).log().item()])
    assert (growth.bias[:, :N] == 0).all()
    assert [tensor.data_ptr() for tensor in growth.state] == addresses


@pytest.mark.parametrize("fills", [1, 3])
def test_a_reset_fills_for_as_many_frames_as_a_scene_takes_to_reach_every_slot(fills: int) -> None:
    bank = FeatureBank(BankConfig(), rows=3, fills=fills)
    filling = []
    for _ in range(5):
        filling.append(bank.filling)
        bank.begin_frame(1)
        bank.end_frame()
    assert filling == [True] * fills + [False] * (5 - fills)
