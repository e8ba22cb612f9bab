"""Dynamic merging as pure functions."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import merge

from streamv2v.memory.merging import grid_split, match_all, merge_pairwise, merge_tokens, pick, random_split


def tokens(seed: int, rows: int = 2, count: int = 12, width: int = 5) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, count, width, generator=generator, dtype=torch.float64) for _ in range(3)]


def assignment(keys: torch.Tensor, order: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sources, destinations and for each source the index of its destination."""
    half = order.shape[1] // 2
    unit = torch.nn.functional.normalize(pick(keys, order), dim=-1)
    return order[:, :half], order[:, half:], match_all(unit[:, :half], unit[:, half:])


@given(st.integers(0, 10_000))
def test_merging_equals_the_loop(seed: int) -> None:
    triples = tokens(seed)
    order = random_split(2, 12, generator=torch.Generator().manual_seed(seed), device=torch.device("cpu"))
    merged = merge_tokens(triples, order)
    for row in range(2):
        plain = merge([t[row] for t in triples], order[row].tolist())
        for ours, theirs in zip(merged, plain, strict=True):
            torch.testing.assert_close(ours[row], theirs)


@given(st.integers(0, 10_000))
def test_pairwise_merging_equals_the_papers_running_average(seed: int) -> None:
    triples = tokens(seed, rows=1)
    order = random_split(1, 12, generator=torch.Generator().manual_seed(seed), device=torch.device("cpu"))
    sources, destinations, assigned = assignment(triples[0], order)
    ours = merge_pairwise(pick(triples[1], sources), pick(triples[1], destinations), assigned)[0]
    plain = triples[1][0][destinations[0]].clone()
    for source, place in zip(sources[0].tolist(), assigned[0].tolist(), strict=True):
        plain[place] = (plain[place] + triples[1][0, source]) / 2
    torch.testing.assert_close(ours, plain)


def test_merging_halves_the_tokens_and_keeps_the_sum_of_a_constant() -> None:
    ones = torch.ones(3, 8, 4)
    keys = torch.randn(3, 8, 4)
    order = random_split(3, 8, generator=None, device=torch.device("cpu"))
    for rule in ("mean", "pairwise"):
        merged = merge_tokens([keys, ones], order, rule=rule)
        assert merged[0].shape == (3, 4, 4)
        torch.testing.assert_close(merged[1], torch.ones(3, 4, 4))


def test_a_random_split_is_a_permutation_and_repeats_with_its_seed() -> None:
    draws = [
        random_split(4, 10, generator=torch.Generator().manual_seed(1), device=torch.device("cpu")) for _ in range(2)
    ]
    assert torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0].sort(dim=1).values, torch.arange(10).expand(4, 10))
    assert not torch.equal(draws[0][0], draws[0][1])


def test_a_grid_split_takes_every_other_token() -> None:
    assert grid_split(1, 6, device=torch.device("cpu")).tolist() == [[0, 2, 4, 1, 3, 5]]


@given(st.integers(0, 10_000))
def test_weighted_merging_is_the_mean_of_all_that_a_group_stands_for(seed: int) -> None:
    triples = tokens(seed, rows=1)
    order = random_split(1, 12, generator=torch.Generator().manual_seed(seed), device=torch.device("cpu"))
    sizes = torch.randint(1, 6, (1, 12), generator=torch.Generator().manual_seed(seed)).double()
    *merged, new_sizes = merge_tokens(triples, order, rule="weighted", sizes=sizes)
    sources, destinations, assigned = assignment(triples[0], order)
    for place, destination in enumerate(destinations[0].tolist()):
        group = [destination, *sources[0][assigned[0] == place].tolist()]
        weights = sizes[0, group]
        assert new_sizes[0, place] == weights.sum()
        for ours, tokens_in in zip(merged, triples, strict=True):
            torch.testing.assert_close(ours[0, place], (weights[:, None] * tokens_in[0, group]).sum(0) / weights.sum())


def test_weighted_merging_of_single_tokens_is_the_plain_mean() -> None:
    triples = tokens(3)
    order = random_split(2, 12, generator=torch.Generator().manual_seed(3), device=torch.device("cpu"))
    *merged, _sizes = merge_tokens(triples, order, rule="weighted", sizes=torch.ones(2, 12))
    for ours, plain in zip(merged, merge_tokens(triples, order), strict=True):
        torch.testing.assert_close(ours, plain)


def test_keys_and_values_side_by_side_merge_as_they_do_apart() -> None:
    keys, values, outputs = tokens(8)
    order = random_split(2, 12, generator=torch.Generator().manual_seed(8), device=torch.device("cpu"))
    apart = merge_tokens([keys, values, outputs], order)
    joined, merged_outputs = merge_tokens([torch.cat([keys, values], dim=-1), outputs], order, key_width=5)
    torch.testing.assert_close(joined, torch.cat(apart[:2], dim=-1))
    torch.testing.assert_close(merged_outputs, apart[2])
