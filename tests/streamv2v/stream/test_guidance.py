"""Guidance for streams: rows, residual noise, embeddings."""

from __future__ import annotations

import pytest
import torch
from diffusers import LCMScheduler
from tiny import scheduler_config

from streamv2v.stream.guidance import ResidualNoise, doubled, guidance_embedding, row_slice, rows_of
from streamv2v.stream.schedule import Schedule


@pytest.mark.parametrize("guidance", ["none", "full", "self", "initialize"])
@pytest.mark.parametrize("slots", [1, 2, 5])
def test_single_slots_together_make_the_rows_of_the_batch(guidance: str, slots: int) -> None:
    rows = list(range(rows_of(guidance, slots)))
    assert rows[row_slice(guidance, slots, 0, slots)] == rows
    one_by_one = [rows[row_slice(guidance, slots, slot, slot + 1)] for slot in range(slots)]
    assert sorted(sum(one_by_one, start=[])) == rows  # noqa: RUF017


@pytest.mark.parametrize("guidance", ["none", "full", "self", "initialize"])
def test_doubled_values_fit_their_rows(guidance: str) -> None:
    per_slot = torch.arange(3.0)
    whole = doubled(guidance, per_slot, 0)
    assert len(whole) == rows_of(guidance, 3)
    for slot in range(3):
        part = doubled(guidance, per_slot[slot : slot + 1], slot)
        assert torch.equal(part, whole[row_slice(guidance, 3, slot, slot + 1)])


def test_residual_noise_follows_its_frame_as_the_paper_says() -> None:
    """Written out for two slots: R' = e_1 + (a_1 / s_1) (s_0 / a_0) (R_0 - eps), boundary scalings being 0 and 1."""
    schedule = Schedule(LCMScheduler(**scheduler_config()).alphas_cumprod, 2, dtype=torch.float64)
    schedule.set_strength(0.6)
    noise, guided = torch.randn(2, 2, 4, 3, 3, dtype=torch.float64)
    residual = ResidualNoise(noise)
    residual.follow(guided, noise, schedule, 0, 2)
    a, s = schedule.signal.flatten(), schedule.noise.flatten()
    wanted = noise[1] + (a[1] / s[1]) * (s[0] / a[0]) * (noise[0] - guided[0])
    torch.testing.assert_close(residual.value[1], wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(residual.value[0], noise[0])


def test_slot_by_slot_residuals_equal_those_of_the_batch() -> None:
    schedule = Schedule(LCMScheduler(**scheduler_config()).alphas_cumprod, 3)
    noise, guided = torch.randn(2, 3, 4, 3, 3)
    batch = ResidualNoise(noise)
    batch.follow(guided, noise, schedule, 0, 3)
    for slot in range(3):
        single = ResidualNoise(noise)
        single.follow(guided[slot : slot + 1], noise, schedule, slot, slot + 1)
        if slot < 2:
            torch.testing.assert_close(single.value[slot + 1], batch.value[slot + 1])


def test_the_guidance_embedding_equals_that_of_diffusers() -> None:
    from diffusers import LatentConsistencyModelImg2ImgPipeline as Pipeline

    theirs = Pipeline.get_guidance_scale_embedding(None, torch.tensor([7.5]), embedding_dim=32)  # type: ignore[arg-type]
    torch.testing.assert_close(guidance_embedding(torch.tensor(8.5), 32), theirs, rtol=1e-4, atol=1e-4)
