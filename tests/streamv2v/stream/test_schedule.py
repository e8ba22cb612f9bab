"""Strength, timesteps and consistency steps against the published numbers."""

from __future__ import annotations

import pytest
import torch
from diffusers import LCMScheduler
from hypothesis import given
from hypothesis import strategies as st
from tiny import scheduler_config

from streamv2v.stream.schedule import Schedule, alphabar_at, lcm_step, predicted_noise, predicted_x0, slot_timesteps

ALPHAS = LCMScheduler(**scheduler_config()).alphas_cumprod


@pytest.mark.parametrize(
    ("strength", "slots", "wanted"),
    [
        (0.4, 4, [399, 299, 199, 99]),
        (0.4, 1, [399]),
        (0.5, 2, [499, 249]),
        (1.0, 4, [999, 749, 499, 249]),
    ],
)
def test_strength_gives_the_published_timesteps(strength: float, slots: int, wanted: list[int]) -> None:
    assert slot_timesteps(strength, slots, 1000).tolist() == pytest.approx(wanted)


def published_timesteps(strength: float, slots: int) -> list[int]:
    """The published script's list of indices, on its grid of 50 steps."""
    first, stride = int(50 * (1 - strength)), int(50 * strength) // slots
    return [999 - 20 * (first + slot * stride) for slot in range(slots)]


def test_the_published_lists_are_the_formula_where_their_divisions_come_out_even() -> None:
    apart = {}
    for strength in (number / 10 for number in range(1, 11)):
        for slots in (1, 2, 4):
            wanted = torch.tensor(published_timesteps(strength, slots), dtype=torch.float64)
            apart[strength, slots] = float((slot_timesteps(strength, slots, 1000) - wanted).abs().max())
    differ = {pair: by for pair, by in apart.items() if by > 1e-6}
    assert len(apart) == 30 and len(differ) == 17
    assert max(differ.values()) == pytest.approx(45)
    # what is left: the count of steps does not divide by the slots, or 50 (1 - strength) was cut below its whole number
    assert all(strength in (0.8, 0.9) or round(50 * strength) % slots for strength, slots in differ)


def test_coefficients_equal_the_published_table() -> None:
    alphabar = alphabar_at(torch.tensor([999.0, 399.0, 19.0]), ALPHAS)
    assert alphabar.sqrt().tolist() == pytest.approx([0.0683, 0.6528, 0.9911], abs=1e-4)
    assert (1 - alphabar).sqrt().tolist() == pytest.approx([0.9977, 0.7576, 0.1333], abs=1e-4)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 8))
def test_more_strength_never_means_less_noise(one: float, other: float, slots: int) -> None:
    low, high = sorted((one, other))
    schedule = Schedule(ALPHAS, slots)
    schedule.set_strength(low)
    before = schedule.noise.clone()
    schedule.set_strength(high)
    assert (schedule.noise >= before - 1e-7).all()


def test_strength_moves_numbers_and_no_tensor() -> None:
    schedule = Schedule(ALPHAS, 4)
    addresses = [t.data_ptr() for t in (schedule.timesteps, schedule.signal, schedule.noise)]
    before = schedule.signal.clone()
    assert schedule.set_strength(0.73)
    assert not schedule.set_strength(0.73)
    assert addresses == [t.data_ptr() for t in (schedule.timesteps, schedule.signal, schedule.noise)]
    assert not torch.equal(before, schedule.signal)


def test_strength_zero_returns_the_input_whatever_the_network_says() -> None:
    schedule = Schedule(ALPHAS, 2)
    schedule.set_strength(0.0)
    clean, wrong = torch.randn(2, 4, 3, 3), torch.randn(2, 4, 3, 3)
    sample = schedule.signal * clean + schedule.noise * torch.randn_like(clean)
    for kind in ("epsilon", "v_prediction"):
        step = lcm_step(
            wrong,
            sample,
            signal=schedule.signal,
            noise=schedule.noise,
            c_skip=schedule.c_skip,
            c_out=schedule.c_out,
            prediction_type=kind,
        )
        torch.testing.assert_close(step, clean)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_a_perfect_prediction_of_any_kind_gives_back_picture_and_noise(kind: str) -> None:
    a, s = torch.tensor(0.6), torch.tensor(0.8)
    clean, noise = torch.randn(1, 4, 3, 3), torch.randn(1, 4, 3, 3)
    sample = a * clean + s * noise
    output = {"epsilon": noise, "v_prediction": a * noise - s * clean, "sample": clean}[kind]
    torch.testing.assert_close(predicted_x0(output, sample, a, s, kind), clean)
    torch.testing.assert_close(predicted_noise(output, sample, a, s, kind), noise)


def test_a_step_equals_the_one_of_diffusers() -> None:
    scheduler = LCMScheduler(**scheduler_config())
    scheduler.set_timesteps(timesteps=[399, 199])
    output, sample = torch.randn(1, 4, 3, 3), torch.randn(1, 4, 3, 3)
    theirs = scheduler.step(output, torch.tensor(399), sample).denoised
    schedule = Schedule(ALPHAS, 1)
    schedule.set_strength(0.4)
    ours = lcm_step(
        output,
        sample,
        signal=schedule.signal,
        noise=schedule.noise,
        c_skip=schedule.c_skip,
        c_out=schedule.c_out,
        prediction_type="epsilon",
    )
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("spread", [-2.0, -0.7, 0.0, 1.0, 2.0])
def test_a_spread_moves_the_later_steps_alone_and_keeps_their_order(spread: float) -> None:
    even, moved = slot_timesteps(0.8, 4, 1000), slot_timesteps(0.8, 4, 1000, spread)
    assert moved[0] == even[0] and (moved[:-1] > moved[1:]).all() and (moved > 0).all()
    apart = moved[1:] - even[1:]
    assert (apart < 0).all() if spread > 0 else (apart > 0).all() if spread < 0 else not apart.any()
    assert torch.equal(slot_timesteps(0.8, 1, 1000, spread), slot_timesteps(0.8, 1, 1000))
