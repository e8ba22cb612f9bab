"""The engine's stream and bank against the paper written plainly."""

from __future__ import annotations

import pytest
import torch
from reference import PlainStream
from tiny import scheduler_config, tiny_unet

from streamv2v.config import BankConfig
from streamv2v.controls import Controls
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.memory.bank import FeatureBank
from streamv2v.memory.hook import attach
from streamv2v.stream.schedule import Schedule
from streamv2v.stream.stream_batch import StreamBatch
from streamv2v.stream.text import as_text

SLOTS, FRAMES = 4, 11
INTERVAL = 4  # by then no slot still holds the first frame, whose copies would tie in every match


def order_for_both(layer: int, update: int, rows: int, tokens: int, device: torch.device) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1000 * layer + update)
    return torch.rand(rows, tokens, generator=generator).argsort(dim=1).to(device)


def moving_latents(dtype: torch.dtype) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    still = torch.randn(1, 4, 8, 8, generator=generator)
    drift = torch.randn(1, 4, 8, 8, generator=generator)
    return [(still + 0.15 * number * drift).to(dtype) for number in range(FRAMES)]


@torch.no_grad()
def engine_results(bank: BankConfig, dtype: torch.dtype, strength: float, threshold: float) -> list[torch.Tensor]:
    from diffusers import LCMScheduler

    unet = tiny_unet(dtype=dtype)
    controls = Controls(strength=strength, update_interval=INTERVAL, fusion_threshold=threshold)
    schedule = Schedule(LCMScheduler(**scheduler_config()).alphas_cumprod, SLOTS, dtype=dtype)
    schedule.set_strength(strength)
    live = LiveTensors(dtype=dtype)
    live.write(controls)
    features = None if bank.kind == "off" else FeatureBank(bank, SLOTS, SLOTS, order_for_both)
    if features:
        attach(unet, features, live)
    stream = StreamBatch(
        unet,
        schedule,
        live,
        features,
        guidance="none",
        prediction_type="epsilon",
        latent_shape=(4, 8, 8),
        sequential=False,
        renoise=True,
        dtype=dtype,
    )
    stream.fixed_noise.jump(7)
    stream.set_text(as_text(text(dtype)), as_text(text(dtype)))
    first, *later = moving_latents(dtype)
    return [stream.start(first, INTERVAL).clone()] + [stream.step(latent, INTERVAL).clone() for latent in later]


@torch.no_grad()
def reference_results(bank: BankConfig, dtype: torch.dtype, strength: float, threshold: float) -> list[torch.Tensor]:
    from diffusers import LCMScheduler

    noise = torch.randn(SLOTS, 4, 8, 8, generator=torch.Generator().manual_seed(7)).to(dtype)
    plain = PlainStream(
        tiny_unet(dtype=dtype),
        LCMScheduler(**scheduler_config()).alphas_cumprod,
        text(dtype),
        noise,
        strength=strength,
        order=order_for_both,
        attention=bank.attention,
        fusion=bank.fusion,
        queue=bank.queue_length if bank.kind == "queue" else 0,
        bank=bank.kind != "off",
        interval=INTERVAL,
        threshold=threshold,
    )
    return plain.run(moving_latents(dtype))


def text(dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(3)).to(dtype)


PARTS = {
    "no bank": BankConfig(kind="off"),
    "EA alone": BankConfig(fusion=False),
    "FF alone": BankConfig(attention=False),
    "EA and FF, merged (DyMe)": BankConfig(),
    "EA and FF, queue": BankConfig(kind="queue", queue_length=2),
}


@pytest.mark.parametrize(
    "bank",
    [pytest.param(bank, id=name, marks=() if "DyMe" in name else pytest.mark.slow) for name, bank in PARTS.items()],
)
def test_eleven_frames_in_four_slots_equal_the_paper(bank: BankConfig) -> None:
    got = engine_results(bank, torch.float64, 0.4, 0.9)
    wanted = reference_results(bank, torch.float64, 0.4, 0.9)
    for frame, (ours, plain) in enumerate(zip(got, wanted, strict=True)):
        torch.testing.assert_close(ours, plain, rtol=1e-6, atol=1e-6, msg=lambda text, n=frame: f"frame {n}: {text}")


def test_single_precision_stays_within_its_rounding() -> None:
    got = engine_results(BankConfig(), torch.float32, 0.4, 0.9)
    wanted = reference_results(BankConfig(), torch.float64, 0.4, 0.9)
    for ours, plain in zip(got, wanted, strict=True):
        torch.testing.assert_close(ours.double(), plain, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("bank", [BankConfig(fusion=False), BankConfig(attention=False)], ids=["EA", "FF"])
def test_each_part_really_changes_the_picture(bank: BankConfig) -> None:
    with_part = engine_results(bank, torch.float64, 0.4, 0.9)
    without = engine_results(BankConfig(kind="off"), torch.float64, 0.4, 0.9)
    assert (with_part[-1] - without[-1]).abs().max() > 1e-4
