"""TemporalSmoothing of input and output, on a real schedule and no network at all."""

from __future__ import annotations

import pytest
import torch
from diffusers import LCMScheduler
from tiny import scheduler_config

from streamv2v.config import BankConfig
from streamv2v.controls import Controls
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.memory.bank import FeatureBank
from streamv2v.stream.schedule import Schedule
from streamv2v.stream.temporal_smoothing import TemporalSmoothing

SIDE = 16


def smoothing(slots: int = 1, *, guidance: str = "none", **controls: float) -> tuple[TemporalSmoothing, LiveTensors]:
    live = LiveTensors()
    live.write(Controls(**controls))  # type: ignore[arg-type]
    schedule = Schedule(LCMScheduler(**scheduler_config()).alphas_cumprod, slots)
    rows = {"full": 2 * slots, "initialize": slots + 1}.get(guidance, slots)
    bank = FeatureBank(BankConfig(), rows, slots)
    made = TemporalSmoothing(live, schedule, bank, latent_shape=(4, SIDE, SIDE), guidance=guidance, sequential=False)
    made.restart()
    return made, live


def picture(seed: int, *, noise: float = 0.1, at: int | None = None) -> torch.Tensor:
    latent = torch.randn(1, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    if at is not None:
        latent[:, :, 4:12, at : at + 4] = 3.0
    return latent + noise * torch.randn(latent.shape, generator=torch.Generator().manual_seed(1 + seed))


def step(stage: TemporalSmoothing, latent: torch.Tensor, clean: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    stage.prepare()
    entered = stage.enter(latent).clone()
    return entered, stage.leave(clean).clone()


def test_with_all_choices_at_zero_nothing_is_touched() -> None:
    stage, _live = smoothing()
    latent, clean = picture(0), picture(1)
    stage.prepare()
    assert stage.enter(latent) is latent
    assert stage.leave(clean) is clean


@pytest.mark.parametrize(("feedback", "share_of_noise"), [(0.5, 0.577), (0.8, 0.333)])
def test_feedback_cuts_the_flicker_of_what_is_still_as_an_average_does(feedback: float, share_of_noise: float) -> None:
    """Independent noise through x' = x + f (last - x) keeps sqrt((1 - f) / (1 + f)) of its deviation."""
    stage, _live = smoothing(feedback=feedback)
    results = []
    for frame in range(150):
        results.append(step(stage, picture(frame), picture(1000 + frame))[1])
    left = torch.cat(results[50:]).std(dim=0).mean() / 0.1
    assert left == pytest.approx(share_of_noise, rel=0.08)


def test_what_moves_leaves_no_ghost_neither_where_it_is_nor_where_it_was() -> None:
    stage, _live = smoothing(feedback=0.9, input_denoise=0.9)
    for frame in range(40):
        at = 1 if frame < 38 else 5 if frame == 38 else 9
        latent = picture(frame, noise=0.02, at=at)
        entered, left = step(stage, latent, latent)
    for at in (1, 5, 9):
        place = (slice(None), slice(None), slice(4, 12), slice(at, at + 4))
        assert (entered - latent)[place].abs().max() < 0.1
        assert (left - latent)[place].abs().max() < 0.1


def test_the_averaged_input_is_nearer_to_the_scene_than_the_camera() -> None:
    stage, _live = smoothing(input_denoise=0.8)
    scene = picture(0, noise=0.0)
    for frame in range(60):
        entered, _left = step(stage, picture(frame), picture(frame))
    assert (entered - scene).std() < 0.5 * 0.1


def test_the_output_is_held_by_the_movement_of_its_own_frame() -> None:
    """With three slots a patch that jumps at frame T leaves the stream at T + 2."""
    stage, _live = smoothing(slots=3, feedback=0.9)
    frames = [picture(number, noise=0.01, at=2 if number < 40 else 9) for number in range(44)]
    for number, latent in enumerate(frames):
        leaving = frames[max(0, number - 2)]
        _entered, left = step(stage, latent, leaving)
        assert (left - leaving).abs().max() < 0.2, f"frame {number}"


def test_a_restart_lets_go_of_the_last_picture() -> None:
    stage, _live = smoothing(feedback=0.9)
    for frame in range(30):
        step(stage, picture(frame), picture(frame))
    stage.restart()
    other = -picture(3)
    assert torch.equal(step(stage, picture(31), other)[1], other)


def test_choices_switched_on_again_do_not_bring_back_an_old_picture() -> None:
    stage, live = smoothing(feedback=0.9)
    for frame in range(30):
        step(stage, picture(frame), picture(frame))
    live.write(Controls())
    step(stage, picture(30), picture(30))
    live.write(Controls(feedback=0.9))
    other = -picture(3)
    assert torch.equal(step(stage, picture(31), other)[1], other)


def test_one_broken_frame_does_not_stay() -> None:
    stage, _live = smoothing(feedback=0.9, input_denoise=0.9)
    broken = torch.full((1, 4, SIDE, SIDE), torch.nan)
    for frame in range(60):
        entered, left = step(stage, *([broken] * 2 if frame == 30 else [picture(frame)] * 2))
    assert entered.isfinite().all()
    assert left.isfinite().all()


def test_the_motion_gate_frees_what_moves_from_the_bank_and_nothing_else() -> None:
    stage, _live = smoothing(motion_gate=0.75, bank_weight=2.0)
    for frame in range(41):
        step(stage, picture(frame, noise=0.02, at=1 if frame < 40 else 3), picture(frame))
    gates = stage.gates
    assert gates is not None
    weight = gates.log_weight(SIDE * SIDE, slice(0, 1)).exp().view(SIDE, SIDE)
    assert weight[8, 2].item() == pytest.approx(2.0 * 0.25, rel=1e-3)
    assert weight[8, 14].item() == pytest.approx(2.0, rel=1e-3)
    kept = gates.kept(SIDE * SIDE // 4, slice(0, 1))
    assert kept is not None
    assert kept.view(SIDE // 2, SIDE // 2)[4, 1].item() == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("guidance", ["none", "full", "initialize"])
def test_a_tilt_gives_noisy_slots_more_and_leaves_the_mean_alone(guidance: str) -> None:
    stage, _live = smoothing(slots=3, guidance=guidance, bank_noise_tilt=1.0, strength=0.6)
    step(stage, picture(0), picture(0))
    assert stage.gates is not None
    weight = stage.gates.log_weight(SIDE * SIDE, slice(None))[:, 0, 0, 0]
    per_slot = weight[-3:]
    assert per_slot[0] > per_slot[1] > per_slot[2]
    assert per_slot.mean().item() == pytest.approx(0.0, abs=1e-6)
    if guidance == "full":
        assert torch.equal(weight[:3], weight[3:])
    if guidance == "initialize":
        assert weight[0] == weight[1]
