"""Dynamic merging (DyMe; arXiv:2405.15757, section 4.3): 2N tokens become N, as pure functions.

Tokens of bank and current frame are split into sources and destinations; each source is merged into
the destination whose key is most alike, and the destinations are the new bank.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def random_split(rows: int, tokens: int, *, generator: torch.Generator | None, device: torch.device) -> Tensor:
    """A random order of 2N token positions for each row, `[B, 2N]` int64: sources first, then destinations."""
    draws = torch.rand(rows, tokens, generator=generator, device=generator.device if generator else device)
    return draws.argsort(dim=1).to(device)


def grid_split(rows: int, tokens: int, *, device: torch.device) -> Tensor:
    """Even positions as sources, odd ones as destinations, `[B, 2N]` int64 (the paper's grid ablation)."""
    order = torch.cat([torch.arange(0, tokens, 2, device=device), torch.arange(1, tokens, 2, device=device)])
    return order.expand(rows, tokens)


Match = Callable[[Tensor, Tensor], Tensor]
"""(unit sources, unit destinations), `[B, N, C]` each -> for each source the index of its destination, `[B, N]`."""


def match_all(sources: Tensor, destinations: Tensor) -> Tensor:
    """Compare every source with every destination by cosine."""
    return (sources @ destinations.transpose(1, 2)).argmax(dim=-1)


def pick(tokens: Tensor, positions: Tensor) -> Tensor:
    """Tokens at positions: `[B, N, C]` at `[B, M]` -> `[B, M, C]`."""
    return tokens.gather(1, positions.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))


def merge_mean(sources: Tensor, destinations: Tensor, assigned: Tensor) -> Tensor:
    """Each destination becomes the plain mean of itself and its sources, `[B, N, C]`.

    Sums are taken in float32 (float64 for float64 tokens).

    Args:
        sources, destinations: `[B, N, C]`.
        assigned: for each source the index of its destination, `[B, N]`.
    """
    total = destinations.to(_wide(destinations.dtype))
    total = total.scatter_add(1, _wide_index(assigned, sources), sources.to(total.dtype))
    count = torch.ones(assigned.shape, dtype=total.dtype, device=total.device)
    count = count.scatter_add(1, assigned, torch.ones_like(count))
    return (total / count.unsqueeze(-1)).to(sources.dtype)


def merge_pairwise(sources: Tensor, destinations: Tensor, assigned: Tensor) -> Tensor:
    """The paper's listing: sources join one after another, each averaged with what is there.

    With k sources in a destination the j-th (from 1) ends with weight 2^-(k-j+1) and the destination
    itself with 2^-k, so the loop is one weighted sum.
    """
    wide = _wide(sources.dtype)
    later_in_group = (assigned.unsqueeze(1) == assigned.unsqueeze(2)).triu(diagonal=1).sum(dim=-1)
    weight = torch.exp2(-(later_in_group.to(wide) + 1))
    size = torch.zeros(assigned.shape, dtype=wide, device=sources.device)
    size = size.scatter_add(1, assigned, torch.ones_like(weight))
    total = destinations.to(wide) * torch.exp2(-size).unsqueeze(-1)
    total = total.scatter_add(1, _wide_index(assigned, sources), sources.to(wide) * weight.unsqueeze(-1))
    return total.to(sources.dtype)


def merge_weighted(
    sources: Tensor, destinations: Tensor, assigned: Tensor, source_sizes: Tensor, sizes: Tensor
) -> tuple[Tensor, Tensor]:
    """Each destination becomes the mean of its group, every token counting by its size.

    Args:
        sources, destinations: `[B, N, C]`.
        source_sizes, sizes: how many tokens each of them stands for, `[B, N]`.
    Returns:
        merged tokens `[B, N, C]` and the sizes of their groups `[B, N]`.
    """
    wide = _wide(sources.dtype)
    size, source_size = sizes.to(wide), source_sizes.to(wide)
    total = destinations.to(wide) * size.unsqueeze(-1)
    total = total.scatter_add(1, _wide_index(assigned, sources), sources.to(wide) * source_size.unsqueeze(-1))
    size = size.scatter_add(1, assigned, source_size)
    return (total / size.unsqueeze(-1)).to(sources.dtype), size


def merge_tokens(
    tensors: Sequence[Tensor],
    order: Tensor,
    *,
    key_width: int | None = None,
    rule: str = "mean",
    sizes: Tensor | None = None,
    match: Match = match_all,
) -> list[Tensor]:
    """Merge keys, values and outputs by one assignment, made from the keys, so that they stay aligned.

    Args:
        tensors: `[B, 2N, C]` each; the keys are the first channels of the first one.
        order: positions, sources first, `[B, 2N]`.
        key_width: how many channels the keys are; None is all of the first tensor's.
        rule: "mean", "pairwise" or "weighted".
        sizes: for "weighted", how many tokens each one stands for, `[B, 2N]`.
        match: finds the destinations; by default among all.
    Returns:
        the merged tensors, `[B, N, C]` each; with "weighted" the new sizes come last, `[B, N]`.
    """
    half = order.shape[1] // 2
    ordered = [pick(tokens, order) for tokens in tensors]
    unit = F.normalize(ordered[0][..., :key_width], dim=-1)
    assigned = match(unit[:, :half], unit[:, half:])
    pairs = [(tokens[:, :half], tokens[:, half:]) for tokens in ordered]
    if rule == "weighted":
        assert sizes is not None, "weighted merging needs the tokens' sizes"
        ordered_sizes = sizes.gather(1, order)
        results = [merge_weighted(*pair, assigned, ordered_sizes[:, :half], ordered_sizes[:, half:]) for pair in pairs]
        return [merged for merged, _ in results] + [results[0][1]]
    merge = merge_mean if rule == "mean" else merge_pairwise
    return [merge(*pair, assigned) for pair in pairs]


def _wide_index(assigned: Tensor, tokens: Tensor) -> Tensor:
    return assigned.unsqueeze(-1).expand(-1, -1, tokens.shape[-1])


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32
