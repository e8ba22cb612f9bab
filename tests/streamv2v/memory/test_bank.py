"""What a layer's bank does in the pass and what after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from tiny import TEXT_WIDTH, tiny_unet
from torch.overrides import TorchFunctionMode

from streamv2v.config import BankConfig
from streamv2v.controls import Controls
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.memory.bank import FeatureBank
from streamv2v.memory.hook import attach

TEXT_TOKENS = 5
CONFIGS = {
    "merged": BankConfig(),
    "weighted": BankConfig(merge_rule="weighted"),
    "queue": BankConfig(kind="queue", queue_length=3),
    "fp8": BankConfig(storage="fp8"),
    "fp8 queue": BankConfig(kind="queue", queue_length=3, storage="fp8"),
}


def predict(unet: Any, sample: torch.Tensor) -> torch.Tensor:
    text = torch.randn(1, TEXT_TOKENS, TEXT_WIDTH, generator=torch.Generator().manual_seed(0)).expand(
        len(sample), -1, -1
    )
    with torch.no_grad():
        return unet(sample, torch.full((len(sample),), 300.0), encoder_hidden_states=text, return_dict=False)[0]


def samples() -> torch.Tensor:
    return torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(4))


@contextmanager
def a_bank(config: BankConfig, frames: int = 1, **controls: float) -> Iterator[tuple[FeatureBank, Any]]:
    """A bank on a tiny U-Net that has seen `frames` frames."""
    unet = tiny_unet()
    bank, live = FeatureBank(config, rows=2, fills=1), LiveTensors()
    live.write(Controls(**controls))  # type: ignore[arg-type]
    with attach(unet, bank, live):
        for number in range(frames):
            a_frame(bank, unet, number)
        yield bank, unet


def a_frame(bank: FeatureBank, unet: Any, number: int, interval: int = 1) -> torch.Tensor:
    bank.begin_frame(interval)
    result = predict(unet, samples() + 0.2 * number)
    with torch.no_grad():
        bank.update()
    bank.end_frame()
    return result


def stored(bank: FeatureBank) -> list[torch.Tensor]:
    """The bank's half of every buffer."""
    return [t[:, layer.tokens :].clone() for layer in bank.layers for t in layer.state if t.dim() == 3]


def current(bank: FeatureBank) -> list[torch.Tensor]:
    return [t[:, : layer.tokens].clone() for layer in bank.layers for t in layer.state if t.dim() == 3]


def all_equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_a_reading_pass_changes_the_current_half_alone_and_taking_in_the_other_alone(config: BankConfig) -> None:
    with a_bank(config) as (bank, unet):
        before = stored(bank), current(bank)
        bank.begin_frame(1)
        predict(unet, samples() + 0.5)
        assert all_equal(stored(bank), before[0])
        assert not all_equal(current(bank), before[1])
        after_pass = current(bank)
        with torch.no_grad():
            bank.update()
        assert all_equal(current(bank), after_pass)
        assert not all_equal(stored(bank), before[0])


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_no_tensor_moves_and_the_bytes_are_those_of_the_tensors(config: BankConfig) -> None:
    with a_bank(config) as (bank, unet):
        addresses, held = [t.data_ptr() for layer in bank.layers for t in layer.state], bank.nbytes
        for number in range(5):
            a_frame(bank, unet, number)
        assert [t.data_ptr() for layer in bank.layers for t in layer.state] == addresses
        assert bank.nbytes == held
        layers = sum(t.numel() * t.element_size() for layer in bank.layers for t in layer.state)
        assert 0 < layers == sum(layer.nbytes for layer in bank.layers) <= held


def test_a_frame_that_is_nobodys_turn_leaves_the_bank_alone() -> None:
    with a_bank(BankConfig()) as (bank, unet):
        before = stored(bank)
        a_frame(bank, unet, 1, interval=4)
        assert bank.due == []
        assert all_equal(stored(bank), before)


def test_the_interval_acts_from_one_frame_to_the_next() -> None:
    with a_bank(BankConfig()) as (bank, unet):
        due = []
        for number, interval in enumerate([4, 4, 1, 4, 2, 2]):
            bank.begin_frame(interval)
            due.append(len(bank.due) > 0)
            predict(unet, samples() + number)
            bank.end_frame()
    assert due == [False, False, True, True, False, True]


def test_a_queue_replaces_its_oldest_frame_and_every_row_keeps_count_for_itself() -> None:
    with a_bank(BankConfig(kind="queue", queue_length=3)) as (bank, unet), torch.no_grad():
        layer = bank.layers[0]
        seen = [[], []]
        for number in range(1, 5):
            bank.begin_frame(1)
            predict(unet, samples() + number)
            both = layer.state[0]
            for row in (1, 0) if number % 2 else (0, 1):
                seen[row].append(both[row, : layer.tokens].clone())
                bank.select_rows(slice(row, row + 1))
                bank.update()
            bank.select_rows(slice(0, 2))
            bank.end_frame()
        frames = layer.state[0].unflatten(1, (4, -1))[:, 1:]
        for row in (0, 1):
            for place, number in enumerate((3, 1, 2)):
                assert torch.equal(frames[row, place], seen[row][number])


class Attentions(TorchFunctionMode):
    """Writes down what every attention is computed of."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.scaled_dot_product_attention:
            self.seen.append(args[:3])
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("storage", ["same", "fp8"])
def test_attention_reads_the_buffer_itself_in_strides_that_flash_takes(storage: str) -> None:
    with a_bank(BankConfig(storage=storage, fusion=False)) as (bank, unet):
        bank.begin_frame(4)
        with Attentions() as attentions:
            predict(unet, samples())
        own = [found for found in attentions.seen if found[1].shape[2] != TEXT_TOKENS]
        assert sorted(key.shape[2] for _, key, _ in own) == sorted(2 * layer.tokens for layer in bank.layers)
        buffers = [layer.state[0] for layer in bank.layers] if storage == "same" else bank._scratch._held.values()
        homes = {tensor.untyped_storage().data_ptr() for tensor in buffers}
        for index in (1, 2):
            assert {found[index].untyped_storage().data_ptr() for found in own} == homes
            assert {found[index].stride(-1) for found in own} == {1}


def test_orders_come_from_a_seeded_pool_that_never_grows() -> None:
    runs = []
    for seed in (0, 0, 1):
        with a_bank(BankConfig(merge_seed=seed)) as (bank, unet):
            pool, orders = bank._orders.nbytes, []
            for number in range(6):
                a_frame(bank, unet, number)
                order = bank.layers[0].order
                assert torch.equal(order.sort(dim=1).values, torch.arange(2 * bank.layers[0].tokens).expand_as(order))
                assert not torch.equal(order[0], order[1])
                orders.append(order.clone())
            assert bank._orders.nbytes == pool > 0
            runs.append(torch.stack(orders))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert len({tuple(order.flatten().tolist()) for order in runs[0]}) > 3


def test_spread_layers_update_once_in_every_interval_by_what_they_cost() -> None:
    with a_bank(BankConfig(spread=True)) as (bank, unet):
        costs = [layer.cost for layer in bank.layers]
        work, updated = [], []
        for _ in range(8):
            bank.begin_frame(4)
            predict(unet, samples())
            work.append(sum(layer.cost for layer in bank.due))
            updated += [layer.index for layer in bank.due]
            bank.end_frame()
        assert sorted(updated) == sorted([*range(len(costs))] * 2)
        assert work[:4] == work[4:]
        assert max(work) < sum(costs) / 2


def test_an_fp8_bank_gives_nearly_the_same_picture() -> None:
    results = {}
    for name, config in {
        "same": BankConfig(),
        "fp8": BankConfig(storage="fp8"),
        "off": BankConfig(attention=False, fusion=False),
    }.items():
        with a_bank(config, fusion_threshold=0.9) as (bank, unet):
            results[name] = [a_frame(bank, unet, number) for number in range(6)][-1]
    error = (results["fp8"] - results["same"]).norm() / results["same"].norm()
    effect = (results["off"] - results["same"]).norm() / results["same"].norm()
    assert 0 < error < 0.02
    assert error < effect / 2, "what the bank does is far more than what packing it loses"
