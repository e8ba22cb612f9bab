"""Feature fusion as a pure function."""

from __future__ import annotations

import torch

from streamv2v.fusion import fuse_features


def scalar(value: float) -> torch.Tensor:
    return torch.tensor(value)


def test_an_identical_bank_leaves_the_output_as_it_is() -> None:
    output = torch.randn(2, 6, 4)
    fused = fuse_features(output, output[:, torch.randperm(6)], strength=scalar(0.8), threshold=scalar(0.98))
    torch.testing.assert_close(fused, output)


def test_tokens_without_a_close_neighbour_pass_unchanged() -> None:
    output = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    bank = torch.tensor([[[2.0, 0.1], [-1.0, -1.0]]])
    fused = fuse_features(output, bank, strength=scalar(0.5), threshold=scalar(0.9))
    torch.testing.assert_close(fused, torch.tensor([[[1.5, 0.05], [0.0, 1.0]]]))


def test_strength_zero_is_no_fusion() -> None:
    output, bank = torch.randn(1, 5, 3), torch.randn(1, 5, 3)
    assert torch.equal(fuse_features(output, bank, strength=scalar(0.0), threshold=scalar(-1.0)), output)
