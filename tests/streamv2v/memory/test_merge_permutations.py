"""Which of a place's tokens a merge keeps, and what that does to the places of a picture that stands still."""

from __future__ import annotations

import pytest
import torch

from streamv2v.memory.merge_permutations import MergePermutations
from streamv2v.memory.merging import merge_tokens

PLACES, UPDATES = 64, 24


def lost_places(split: str) -> torch.Tensor:
    """Share of places without a token of their own after each update of a still scene under noise."""
    generator = torch.Generator().manual_seed(1)
    scene = torch.nn.functional.normalize(torch.randn(1, PLACES, 32, generator=generator), dim=-1)
    film = lambda: scene + 0.03 * torch.randn(scene.shape, generator=generator)  # noqa: E731
    orders, order = MergePermutations(split, seed=3), torch.zeros(1, 2 * PLACES, dtype=torch.int64)
    bank, shares = film(), []
    orders.prepare(order)
    for update in range(UPDATES):
        orders.fill(order, 0, update)
        bank = merge_tokens([torch.cat([film(), bank], dim=1)], order)[0]
        similar = torch.nn.functional.normalize(bank, dim=-1) @ scene.transpose(1, 2)
        shares.append(1 - (similar.amax(dim=1) > 0.97).float().mean())
        if split == "place":
            assert torch.equal(similar.argmax(dim=-1)[0], torch.arange(PLACES)), "token j is no longer of place j"
    return torch.stack(shares)


def test_parted_by_place_no_place_is_ever_lost() -> None:
    assert lost_places("place").max() == 0


@pytest.mark.parametrize("split", ["random", "grid"])
def test_parted_otherwise_a_share_of_the_places_has_no_token_of_its_own(split: str) -> None:
    assert lost_places(split)[4:].min() > 0.1


def test_each_place_gives_one_source_and_one_destination_and_either_may_be_the_older() -> None:
    orders, order = MergePermutations("place", seed=0), torch.zeros(2, 2 * PLACES, dtype=torch.int64)
    orders.prepare(order)
    sources, destinations = order[:, :PLACES], order[:, PLACES:]
    assert torch.equal(sources % PLACES, torch.arange(PLACES).expand(2, -1))
    assert torch.equal(destinations % PLACES, torch.arange(PLACES).expand(2, -1))
    assert 0.2 < (destinations >= PLACES).float().mean() < 0.8
