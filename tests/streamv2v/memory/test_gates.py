"""Weights for every row and token, on every grid that a U-Net's layer can have."""

from __future__ import annotations

import pytest
import torch
from tiny import tiny_unet

from streamv2v.config import LAST_UP, BankConfig
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.memory.bank import FeatureBank
from streamv2v.memory.gates import BankGates, token_grids
from streamv2v.memory.hook import attach


def gates(size: tuple[int, int], rows: int = 2) -> BankGates:
    return BankGates(rows, size, device=torch.device("cpu"), dtype=torch.float32)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (45, 80), (9, 6), (5, 12)])
def test_the_grids_are_those_that_a_real_unet_makes_of_odd_sizes_too(height: int, width: int) -> None:
    unet, grids = tiny_unet(), token_grids(height, width)
    bank = FeatureBank(BankConfig(), rows=1, fills=1)
    with attach(unet, bank, LiveTensors()), torch.no_grad():
        bank.begin_frame(4)
        unet(torch.randn(1, 4, height, width), 300, encoder_hidden_states=torch.zeros(1, 3, 16))
    counts = [layer.tokens for layer in bank.layers]
    assert len(set(counts)) == 3
    assert all(count in grids for count in counts)
    assert grids[height * width] == (height, width)


def test_a_token_of_a_coarse_layer_keeps_the_least_of_its_cells() -> None:
    kept = torch.ones(2, 1, 4, 6)
    kept[0, 0, 1, 2] = 0.25
    both = gates((4, 6))
    both.write(torch.zeros(2, 1, 1, 1), kept)
    coarse = both.kept(6, slice(0, 2))
    assert coarse is not None
    assert coarse[0, :, 0].tolist() == [1.0, 0.25, 1.0, 1.0, 1.0, 1.0]
    assert coarse[1, :, 0].tolist() == [1.0] * 6


def test_a_weight_is_its_rows_times_what_the_token_keeps() -> None:
    kept = torch.rand(2, 1, 4, 4)
    kept[0, 0, 0, 0] = 0.0
    row_weight = torch.tensor([2.0, 0.5])
    both = gates((4, 4))
    both.write(row_weight.log().view(2, 1, 1, 1), kept)
    torch.testing.assert_close(
        both.log_weight(16, slice(1, 2)).exp().flatten(), 0.5 * kept[1].flatten(), rtol=1e-5, atol=0
    )
    assert both.log_weight(16, slice(0, 1))[0, 0, 0, 0] == -torch.inf


def test_writing_moves_no_buffer() -> None:
    both = gates((4, 4))
    before = both.log_weight(16, slice(0, 2)).data_ptr()
    both.write(torch.ones(2, 1, 1, 1), torch.rand(2, 1, 4, 4))
    assert both.log_weight(16, slice(0, 2)).data_ptr() == before


@pytest.mark.parametrize(
    ("fused", "blocks"),
    [
        (("up_blocks",), {"up_blocks.1", "up_blocks.2"}),
        ((LAST_UP,), {"up_blocks.2"}),
        (("mid_block", LAST_UP), {"mid_block", "up_blocks.2"}),
        (("",), {"down_blocks.0", "down_blocks.1", "mid_block", "up_blocks.1", "up_blocks.2"}),
    ],
)
def test_the_layers_that_fuse_are_chosen_by_name(fused: tuple[str, ...], blocks: set[str]) -> None:
    bank = FeatureBank(BankConfig(fused_layers=fused), rows=1, fills=1)
    with attach(tiny_unet(), bank, LiveTensors()):
        assert {layer.name.split(".attentions")[0] for layer in bank.layers if layer.fuses} == blocks
