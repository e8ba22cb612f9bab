"""Feature fusion as a pure function."""

from __future__ import annotations

import torch

from streamv2v.memory.feature_fusion import fuse_features


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


def test_a_soft_gate_ramps_up_to_the_threshold_and_a_width_of_zero_is_the_hard_one() -> None:
    angles = torch.tensor([0.80, 0.85, 0.90, 0.95]).acos()
    output = torch.stack([angles.cos(), angles.sin()], dim=-1)[None]
    bank = torch.tensor([[[1.0, 0.0]]])
    shares = []
    for softness in (scalar(0.1), scalar(0.0), None):
        fused = fuse_features(output, bank, strength=scalar(0.8), threshold=scalar(0.9), softness=softness)
        shares.append(((fused - output)[..., 1] / (bank - output)[..., 1])[0])
    torch.testing.assert_close(shares[0], torch.tensor([0.0, 0.4, 0.8, 0.8]), atol=1e-4, rtol=0)
    torch.testing.assert_close(shares[1][[0, 1, 3]], torch.tensor([0.0, 0.0, 0.8]))
    assert torch.equal(shares[1], shares[2])


def test_a_soft_gate_of_width_zero_is_bit_for_bit_the_hard_one_in_every_format() -> None:
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        output, bank = torch.randn(2, 50, 4).to(dtype), torch.randn(2, 50, 4).to(dtype)
        hard = fuse_features(output, bank, strength=scalar(0.8), threshold=scalar(0.95))
        soft = fuse_features(output, bank, strength=scalar(0.8), threshold=scalar(0.95), softness=scalar(0.0))
        assert torch.equal(hard, soft)
        assert not torch.equal(hard, output)


def test_tokens_that_keep_nothing_of_the_fusion_pass_unchanged() -> None:
    output, bank = torch.randn(1, 4, 3), torch.randn(1, 6, 3)
    kept = torch.tensor([1.0, 0.0, 0.5, 0.0])[None, :, None]
    whole = fuse_features(output, bank, strength=scalar(0.6), threshold=scalar(-1.0))
    fused = fuse_features(output, bank, strength=scalar(0.6), threshold=scalar(-1.0), kept=kept)
    torch.testing.assert_close(fused - output, kept * (whole - output))
