"""The fixed noise: the same for a seed everywhere, and of even strength on every way between seeds."""

from __future__ import annotations

import pytest
import torch

from streamv2v.stream.noise import FixedNoise

SHAPE = (2, 4, 32, 32)


def noise() -> FixedNoise:
    return FixedNoise(SHAPE, device=torch.device("cpu"), dtype=torch.float32)


def of(seed: int) -> torch.Tensor:
    there = noise()
    there.jump(seed)
    return there.value.clone()


def test_a_seed_is_the_same_noise_however_it_was_reached() -> None:
    there, address = noise(), None
    there.jump(1)
    address = there.value.data_ptr()
    there.head_for(2)
    for share in (0.3, 0.9, 1.0):
        there.travel(share)
    assert torch.equal(there.value, of(2)) and there.value.data_ptr() == address
    there.turn(40.0)
    there.jump(1)
    assert torch.equal(there.value, of(1))


def test_on_the_way_to_a_seed_the_noise_keeps_its_strength_and_goes_evenly() -> None:
    there = noise()
    there.jump(1)
    there.head_for(2)
    last, steps = there.value.clone(), []
    for number in range(1, 11):
        there.travel(number / 10)
        assert there.value.std() == pytest.approx(1.0, abs=0.03)
        steps.append(float((there.value - last).std()))
        last = there.value.clone()
    assert max(steps) < 1.1 * min(steps), "no step is longer than another"


def test_turning_back_on_the_way_is_no_jump_and_no_louder_noise() -> None:
    there = noise()
    there.jump(1)
    there.head_for(2)
    there.travel(0.5)
    half = there.value.clone()
    there.head_for(1)
    there.travel(0.0)
    torch.testing.assert_close(there.value, half)
    for number in range(1, 10):
        there.travel(number / 10)
        assert there.value.std() == pytest.approx(1.0, abs=0.03)
    there.travel(1.0)
    assert torch.equal(there.value, of(1))


def test_many_interrupted_ways_leave_the_strength_alone() -> None:
    there = noise()
    there.jump(0)
    for seed in (1, 2, 0, 3, 1, 2, 2, 0):
        there.head_for(seed)
        there.travel(0.6)
        assert there.value.std() == pytest.approx(1.0, abs=0.05)


def test_turning_goes_on_while_travelling() -> None:
    one, other = noise(), noise()
    for there in (one, other):
        there.jump(1)
        there.head_for(2)
    other.turn(30.0)
    for there in (one, other):
        there.travel(0.5)
    assert not torch.allclose(one.value, other.value)
    assert other.value.std() == pytest.approx(1.0, abs=0.03)
