"""The step that makes the momentum of a matrix orthogonal."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from training.muon import Muon, is_matrix, orthogonal, share_of
from training.team import Member, run_team


def a_network() -> torch.nn.Sequential:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 24, 3), torch.nn.Flatten(), torch.nn.Linear(24 * 4, 20, bias=False))


def learn(network: torch.nn.Module, member: Member, *, steps: int) -> float:
    """The loss after some steps from the same pictures."""
    optimiser = Muon([{"params": [p for p in network.parameters() if is_matrix(p)]}], lr=0.01, member=member)
    generator = torch.Generator().manual_seed(4)
    pictures, wanted = torch.randn(16, 3, 4, 4, generator=generator), torch.randn(16, 20, generator=generator)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(network(pictures), wanted).backward()
        optimiser.step()
    return float(torch.nn.functional.mse_loss(network(pictures), wanted).detach())


def learn_in_a_team(member: Member, folder: Path) -> None:
    network = a_network()
    learn(network, member, steps=5)
    torch.save(network.state_dict(), folder / f"{member.rank}.pt")


@pytest.mark.parametrize("shape", [(24, 96), (96, 24), (32, 32)])
def test_a_step_keeps_the_directions_of_a_matrix_and_evens_their_strengths(shape: tuple[int, int]) -> None:
    given = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    left, strengths, right = torch.linalg.svd(given, full_matrices=False)
    uneven = left @ torch.diag(torch.logspace(0, -1, len(strengths))) @ right
    found = left.T @ orthogonal(uneven) @ right.T
    assert found.diagonal().min() > 0.6
    assert found.diagonal().max() < 1.3
    assert (found - torch.diag(found.diagonal())).abs().max() < 1e-3


def test_filters_are_a_matrix_and_what_is_small_is_none() -> None:
    filters, bias, few = torch.zeros(24, 8, 3, 3), torch.zeros(24), torch.zeros(3, 99)
    assert [is_matrix(torch.nn.Parameter(p)) for p in (filters, bias, few)] == [True, False, False]


def test_what_has_to_be_computed_is_shared_out_once_and_evenly() -> None:
    prices = [9, 1, 5, 4, 2]
    shares = [share_of(Member(rank, 2), prices) for rank in (0, 1)]
    assert sorted(shares[0] + shares[1]) == [0, 1, 2, 3, 4]
    assert abs(sum(prices[i] for i in shares[0]) - sum(prices[i] for i in shares[1])) <= 1


def test_a_network_learns_and_filters_in_any_memory_order_the_same() -> None:
    network = a_network()
    turned = copy.deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    before = learn(copy.deepcopy(network), Member(), steps=0)
    assert learn(network, Member(), steps=40) < 0.5 * before
    learn(turned, Member(), steps=40)
    for one, other in zip(network.parameters(), turned.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def test_a_team_that_shares_the_work_takes_the_step_that_one_takes_alone(tmp_path: Path) -> None:
    alone = a_network()
    learn(alone, Member(), steps=5)
    run_team(learn_in_a_team, 2, tmp_path)
    for rank in (0, 1):
        together = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, value in alone.state_dict().items():
            torch.testing.assert_close(together[name], value)
