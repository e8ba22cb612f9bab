"""What moves and what is only the camera's noise."""

from __future__ import annotations

import torch

from streamv2v.stream.motion import MotionWatch

SIDE = 16
THRESHOLD = torch.tensor(3.0)


def watch(frames: int = 1) -> MotionWatch:
    return MotionWatch(frames, (4, SIDE, SIDE), device=torch.device("cpu"), dtype=torch.float32)


def scene(seed: int, *, noise: float, at: int | None = None) -> torch.Tensor:
    """A still latent with fresh noise and, from column `at` on, a patch of 4 x 4 cells of another kind."""
    latent = torch.randn(1, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    if at is not None:
        latent[:, :, 6:10, at : at + 4] = 2.0
    return latent + noise * torch.randn(latent.shape, generator=torch.Generator().manual_seed(1 + seed))


def test_noise_of_any_camera_counts_as_still_after_a_second() -> None:
    for noise in (0.0, 0.01, 0.05, 0.2):
        eyes = watch()
        seen = [eyes.see(scene(frame, noise=noise), THRESHOLD).mean().item() for frame in range(60)]
        assert seen[0] == 1.0, "nothing is known of the first frame"
        assert max(seen[30:]) < 0.02, f"noise {noise}: {max(seen[30:])}"


def test_what_moves_is_seen_at_once_with_its_surroundings_and_the_rest_stays_still() -> None:
    eyes = watch()
    for frame in range(40):
        eyes.see(scene(frame, noise=0.03, at=2), THRESHOLD)
    moving = eyes.see(scene(40, noise=0.03, at=3), THRESHOLD)[0, 0]
    assert moving[5:11, 2].min() > 0.9, "the edge that it left"
    assert moving[5:11, 6].min() > 0.9, "the edge that it reached"
    assert moving[6:10, 7].min() > 0.9, "one cell beyond"
    assert moving[:, 11:].max() == 0.0
    assert moving[0:3].max() == 0.0
    assert eyes.see(scene(41, noise=0.03, at=3), THRESHOLD).max() < 0.1, "it stands again"


def test_what_always_moves_never_becomes_noise() -> None:
    eyes = watch()
    seen = []
    for frame in range(600):
        moving = eyes.see(scene(frame, noise=0.03, at=2 + 4 * (frame % 2)), THRESHOLD)
        seen.append(moving[0, 0, 7:9, 3:9].min().item())
    assert min(seen) > 0.9


def test_a_slow_drift_of_the_light_is_no_movement() -> None:
    eyes = watch()
    for frame in range(200):
        moving = eyes.see(scene(frame, noise=0.03) + 0.002 * frame, THRESHOLD)
    assert moving.mean() < 0.02


def test_each_frame_in_flight_keeps_its_own_movement() -> None:
    eyes = watch(frames=3)
    for frame in range(40):
        eyes.see(scene(frame, noise=0.03), THRESHOLD)
    assert eyes.moving.max() == 0.0
    eyes.see(scene(40, noise=0.03, at=8), THRESHOLD)
    for step, row in enumerate((0, 1, 2)):
        rows = [eyes.moving[slot, 0, 7, 9].item() for slot in range(3)]
        assert [value > 0.9 for value in rows] == [slot == row for slot in range(3)], f"after {step} frames"
        eyes.see(scene(41 + step, noise=0.03, at=8), THRESHOLD)


def test_after_a_restart_everything_counts_as_moving_and_no_buffer_has_moved() -> None:
    eyes = watch(frames=2)
    address = eyes.moving.data_ptr()
    for frame in range(20):
        eyes.see(scene(frame, noise=0.03), THRESHOLD)
    eyes.restart()
    assert eyes.moving.min() == 1.0
    assert eyes.see(scene(20, noise=0.03), THRESHOLD).min() == 1.0
    assert eyes.moving.data_ptr() == address
