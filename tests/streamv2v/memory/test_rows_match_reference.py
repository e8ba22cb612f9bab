"""All steps of a frame in sequence, and the rows that guidance adds, against the paper written plainly."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import LCMScheduler
from reference import PlainStream
from tiny import scheduler_config, tiny_unet

from streamv2v.config import BankConfig
from streamv2v.controls import Controls
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.memory.bank import FeatureBank
from streamv2v.memory.hook import attach
from streamv2v.stream.guidance import rows_of
from streamv2v.stream.schedule import Schedule
from streamv2v.stream.stream_batch import StreamBatch
from streamv2v.stream.text import as_text

SLOTS, SCALE, STRENGTH, THRESHOLD = 2, 2.5, 0.4, 0.9
FRAMES, INTERVAL = 6, 2
DTYPE = torch.float64
KINDS = {"merged": BankConfig(), "queue": BankConfig(kind="queue", queue_length=2)}


def text(seed: int) -> torch.Tensor:
    return torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(seed)).to(DTYPE)


def order_for_both(layer: int, update: int, rows: int, tokens: int, device: torch.device) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1000 * layer + update)
    return torch.rand(rows, tokens, generator=generator).argsort(dim=1).to(device)


def moving_latents() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    still, drift = (torch.randn(1, 4, 8, 8, generator=generator).to(DTYPE) for _ in range(2))
    return [still + 0.15 * number * drift for number in range(FRAMES)]


def alphas() -> torch.Tensor:
    return LCMScheduler(**scheduler_config()).alphas_cumprod


class PlainRows(PlainStream):
    """The paper with full guidance, one row at a time: row i of n without the prompt, row n + i with it."""

    def __init__(self, bank: BankConfig, guidance: str) -> None:
        self.guided = guidance == "full"
        super().__init__(
            tiny_unet(dtype=DTYPE),
            alphas(),
            text(3),
            torch.randn(SLOTS, 4, 8, 8, generator=torch.Generator().manual_seed(7)).to(DTYPE),
            strength=STRENGTH,
            order=lambda layer, update, _slots, *size: order_for_both(layer, update, rows_of(guidance, SLOTS), *size),
            queue=bank.queue_length if bank.kind == "queue" else 0,
            interval=INTERVAL,
            threshold=THRESHOLD,
        )

    def step(self, clean: torch.Tensor, slot: int) -> torch.Tensor:
        if not self.guided:
            return super().step(clean, slot)
        sample, t, a = self.noised(clean, slot), self.timesteps[slot], self.alphabar[slot]
        predictions = []
        for row, words in ((slot, text(4)), (SLOTS + slot, text(3))):
            self.slot = row
            predictions.append(self.unet(sample, t, encoder_hidden_states=words, return_dict=False)[0])
        epsilon = predictions[0] + SCALE * (predictions[1] - predictions[0])
        c_skip, c_out = 0.25 / ((10 * t) ** 2 + 0.25), 10 * t / math.sqrt((10 * t) ** 2 + 0.25)
        return c_out * (sample - math.sqrt(1 - a) * epsilon) / math.sqrt(a) + c_skip * sample

    def run_in_sequence(self, latents: list[torch.Tensor]) -> list[torch.Tensor]:
        results = []
        for self.frame, latent in enumerate(latents):
            for slot in range(SLOTS):
                latent = self.step(latent, slot)
            results.append(latent)
        return results


def engine(bank: BankConfig, guidance: str, sequential: bool) -> StreamBatch:
    unet = tiny_unet(dtype=DTYPE)
    schedule, live = Schedule(alphas(), SLOTS, dtype=DTYPE), LiveTensors(dtype=DTYPE)
    schedule.set_strength(STRENGTH)
    live.write(Controls(fusion_threshold=THRESHOLD, guidance_scale=SCALE))
    features = FeatureBank(bank, rows_of(guidance, SLOTS), SLOTS, order_for_both)
    attach(unet, features, live)
    stream = StreamBatch(
        unet,
        schedule,
        live,
        features,
        guidance=guidance,
        prediction_type="epsilon",
        latent_shape=(4, 8, 8),
        sequential=sequential,
        renoise=True,
        dtype=DTYPE,
    )
    stream.fixed_noise.jump(7)
    stream.set_text(as_text(text(3)), as_text(text(4)))
    return stream


@pytest.mark.parametrize("sequential", [False, True], ids=["batch", "sequence"])
@pytest.mark.parametrize("guidance", [pytest.param("none", marks=pytest.mark.slow), "full"])
@pytest.mark.parametrize("bank", KINDS.values(), ids=KINDS.keys())
def test_every_row_has_the_bank_that_the_paper_gives_it(bank: BankConfig, guidance: str, sequential: bool) -> None:
    latents = moving_latents()
    with torch.no_grad():
        stream, plain = engine(bank, guidance, sequential), PlainRows(bank, guidance)
        first, *later = latents
        got = [stream.start(first, INTERVAL).clone()] + [stream.step(latent, INTERVAL).clone() for latent in later]
        wanted = plain.run_in_sequence(latents) if sequential else plain.run(latents)
    for frame, (ours, theirs) in enumerate(zip(got, wanted, strict=True)):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6, msg=lambda text, n=frame: f"frame {n}: {text}")
