"""The choice of number format and acceleration, for cards that are not here."""

from __future__ import annotations

import pytest
import torch

from streamv2v.config import StreamConfig
from streamv2v.device.choosing import choose_acceleration, choose_dtype, cuda_dtype
from streamv2v.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "capability", "wanted"),
    [
        ("NVIDIA GeForce RTX 4090", (8, 9), torch.float16),
        ("NVIDIA H100 80GB HBM3", (9, 0), torch.float16),
        ("NVIDIA GeForce RTX 2060", (7, 5), torch.float16),
        ("Tesla P100-PCIE-16GB", (6, 0), torch.float16),
        ("NVIDIA GeForce GTX 1660 Ti", (7, 5), torch.float32),
        ("NVIDIA GeForce GTX 1080", (6, 1), torch.float32),
    ],
)
def test_a_card_gets_the_format_that_it_does_well(name: str, capability: tuple[int, int], wanted: torch.dtype) -> None:
    dtype, why = cuda_dtype(capability, name)
    assert dtype is wanted and why


def test_a_format_that_was_asked_for_is_taken() -> None:
    assert choose_dtype(StreamConfig(dtype="bfloat16"), torch.device("cpu")) == (torch.bfloat16, "asked for")


@pytest.mark.parametrize(
    ("asked", "device", "wanted"),
    [
        ("auto", "cuda", "graph"),
        ("auto", "cpu", "none"),
        ("auto", "mps", "none"),
        ("none", "cuda", "none"),
        ("graph+compile", "cuda", "graph+compile"),
        ("compile", "cpu", "compile"),
    ],
)
def test_auto_captures_on_cuda_alone_and_a_wish_is_kept(asked: str, device: str, wanted: str) -> None:
    assert choose_acceleration(StreamConfig(acceleration=asked), torch.device(device)) == wanted


def test_graphs_on_a_machine_whose_device_turns_out_to_be_no_cuda_one_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"runs on cpu\. Choose 'auto' or 'none'"):
        choose_acceleration(StreamConfig(acceleration="graph"), torch.device("cpu"))
