"""The bank on a U-Net: attaching, neutrality, detaching, memory."""

from __future__ import annotations

import pytest
import torch
from tiny import TEXT_WIDTH, tiny_unet

from streamv2v.config import BankConfig
from streamv2v.controls import Controls
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.errors import ModelError
from streamv2v.memory.bank import Action, FeatureBank
from streamv2v.memory.hook import attach


def predict(unet, sample: torch.Tensor) -> torch.Tensor:
    text = torch.randn(1, 5, TEXT_WIDTH, generator=torch.Generator().manual_seed(0)).expand(len(sample), -1, -1)
    with torch.no_grad():
        return unet(sample, torch.full((len(sample),), 300.0), encoder_hidden_states=text, return_dict=False)[0]


def live_tensors(**changes: float) -> LiveTensors:
    live = LiveTensors()
    live.write(Controls(**changes))  # type: ignore[arg-type]
    return live


def samples(rows: int = 2) -> torch.Tensor:
    return torch.randn(rows, 4, 8, 8, generator=torch.Generator().manual_seed(4))


def test_detach_gives_back_the_very_same_processors_and_bit_equal_output() -> None:
    unet = tiny_unet()
    found, before = dict(unet.attn_processors), predict(unet, samples())
    bank = FeatureBank(BankConfig(), rows=2, fills=1)
    hook = attach(unet, bank, live_tensors())
    assert {id(p) for p in unet.attn_processors.values()} != {id(p) for p in found.values()}
    for _ in range(3):
        bank.begin_frame(1)
        predict(unet, samples())
        bank.update()
        bank.end_frame()
    hook.detach()
    hook.detach()
    assert all(unet.attn_processors[name] is processor for name, processor in found.items())
    assert torch.equal(predict(unet, samples()), before)


@pytest.mark.parametrize("kind", ["paper", "queue"])
@pytest.mark.parametrize("weight", [0.3, 1.0, 4.0])
def test_a_bank_that_repeats_the_frame_is_plain_attention_to_rounding(kind: str, weight: float) -> None:
    unet = tiny_unet()
    plain = predict(unet, samples())
    bank = FeatureBank(BankConfig(kind=kind, fusion=False), rows=2, fills=1)
    with attach(unet, bank, live_tensors(bank_weight=weight)):
        bank.begin_frame(4)
        torch.testing.assert_close(predict(unet, samples()), plain, rtol=1e-5, atol=1e-5)
        bank.end_frame()
        bank.begin_frame(4)
        assert bank.layers[0].action is Action.READ
        torch.testing.assert_close(predict(unet, samples()), plain, rtol=1e-5, atol=1e-5)


def test_bank_weight_zero_is_the_per_frame_picture() -> None:
    unet = tiny_unet()
    plain = predict(unet, samples())
    bank = FeatureBank(BankConfig(), rows=2, fills=1)
    with attach(unet, bank, live_tensors(bank_weight=0.0, fusion_threshold=-1.0)):
        bank.begin_frame(4)
        predict(unet, samples() + 1.0)
        bank.end_frame()
        bank.begin_frame(4)
        torch.testing.assert_close(predict(unet, samples()), plain, rtol=1e-5, atol=1e-5)


def test_slots_never_mix() -> None:
    unet = tiny_unet()
    results = []
    for other in (0.0, 5.0):
        bank = FeatureBank(BankConfig(), rows=2, fills=1)
        with attach(unet, bank, live_tensors(fusion_threshold=-1.0)):
            for step in range(3):
                bank.begin_frame(1)
                frames = samples() + 0.1 * step
                frames[1] += other
                result = predict(unet, frames)
                bank.update()
                bank.end_frame()
        results.append(result)
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(results[0][1], results[1][1])


def test_only_low_resolution_layers_keep_outputs_and_fuse() -> None:
    unet = tiny_unet()
    bank = FeatureBank(BankConfig(), rows=1, fills=1)
    with attach(unet, bank, live_tensors()):
        fusing = {layer.name.split(".attentions")[0] for layer in bank.layers if layer.fuses}
    assert fusing == {"mid_block", "up_blocks.1"}


def test_spread_updates_take_turns_and_all_layers_update_in_every_interval() -> None:
    bank = FeatureBank(BankConfig(spread=True), rows=1, fills=1)
    with attach(tiny_unet(), bank, live_tensors()):
        bank.begin_frame(4)
        updates = []
        for _ in range(4):
            bank.begin_frame(4)
            updates.append([layer.index for layer in bank.layers if layer.action is Action.UPDATE])
    assert sorted(index for turn in updates for index in turn) == list(range(len(bank.layers)))
    assert max(map(len, updates)) - min(map(len, updates)) <= 1


def test_a_network_without_self_attention_is_refused_in_words() -> None:
    plain = tiny_unet(
        down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3, mid_block_type="UNetMidBlock2D"
    )
    with pytest.raises(ModelError, match="self-attention"):
        attach(plain, FeatureBank(BankConfig(), 1, 1), live_tensors())
