"""Dynamic merging (DyMe; arXiv:2405.15757, section 4.3): 2N tokens become N, as pure functions.

Tokens of bank and current frame are split into sources and destinations; each source is merged into
the destination whose key is most alike, and the destinations are the new bank.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def match(keys: Tensor, order: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find each source's most similar destination by the cosine of their keys.

    Args:
        keys: bank and current keys, `[B, 2N, C]`.
        order: positions, sources first, `[B, 2N]`.
    Returns:
        source positions `[B, N]`, destination positions `[B, N]`, and for each source the index of its
        destination among the destinations `[B, N]`.
    """
    count = order.shape[1] // 2
    sources, destinations = order[:, :count], order[:, count:]
    unit = F.normalize(keys, dim=-1)
    scores = pick(unit, sources) @ pick(unit, destinations).transpose(1, 2)
    return sources, destinations, scores.argmax(dim=-1)


def pick(tokens: Tensor, positions: Tensor) -> Tensor:
    """Tokens at positions: `[B, N, C]` at `[B, M]` -> `[B, M, C]`."""
    return tokens.gather(1, positions.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))


def merge_mean(tokens: Tensor, sources: Tensor, destinations: Tensor, assigned: Tensor) -> Tensor:
    """Each destination becomes the plain mean of itself and its sources, `[B, 2N, C]` -> `[B, N, C]`.

    Sums are taken in float32 (float64 for float64 tokens).
    """
    total = pick(tokens, destinations).to(_wide(tokens.dtype))
    index = assigned.unsqueeze(-1).expand(-1, -1, tokens.shape[-1])
    total = total.scatter_add(1, index, pick(tokens, sources).to(total.dtype))
    ones = torch.ones_like(assigned, dtype=total.dtype)
    count = torch.ones(assigned.shape[0], destinations.shape[1], dtype=total.dtype, device=tokens.device)
    count = count.scatter_add(1, assigned, ones)
    return (total / count.unsqueeze(-1)).to(tokens.dtype)


def merge_pairwise(tokens: Tensor, sources: Tensor, destinations: Tensor, assigned: Tensor) -> Tensor:
    """The paper's listing: sources join one after another, each averaged with what is there.

    With k sources in a destination the j-th (from 1) ends with weight 2^-(k-j+1) and the destination
    itself with 2^-k, so the loop is one weighted sum.
    """
    wide = _wide(tokens.dtype)
    later_in_group = (assigned.unsqueeze(1) == assigned.unsqueeze(2)).triu(diagonal=1).sum(dim=-1)
    weight = torch.exp2(-(later_in_group.to(wide) + 1))
    size = torch.zeros(assigned.shape[0], destinations.shape[1], dtype=wide, device=tokens.device)
    size = size.scatter_add(1, assigned, torch.ones_like(weight))
    total = pick(tokens, destinations).to(wide) * torch.exp2(-size).unsqueeze(-1)
    index = assigned.unsqueeze(-1).expand(-1, -1, tokens.shape[-1])
    return total.scatter_add(1, index, pick(tokens, sources).to(wide) * weight.unsqueeze(-1)).to(tokens.dtype)


def merge_weighted(
    tokens: Tensor, sources: Tensor, destinations: Tensor, assigned: Tensor, sizes: Tensor
) -> tuple[Tensor, Tensor]:
    """Each destination becomes the mean of its group, every token counting by its size.

    Args:
        tokens: `[B, 2N, C]`.
        sizes: how many tokens each of them stands for, `[B, 2N]`.
    Returns:
        merged tokens `[B, N, C]` and the sizes of their groups `[B, N]`.
    """
    wide = _wide(tokens.dtype)
    size, source_size = (sizes.gather(1, where).to(wide) for where in (destinations, sources))
    total = pick(tokens, destinations).to(wide) * size.unsqueeze(-1)
    index = assigned.unsqueeze(-1).expand(-1, -1, tokens.shape[-1])
    total = total.scatter_add(1, index, pick(tokens, sources).to(wide) * source_size.unsqueeze(-1))
    size = size.scatter_add(1, assigned, source_size)
    return (total / size.unsqueeze(-1)).to(tokens.dtype), size


def merge_tokens(
    triples: Sequence[Tensor], order: Tensor, *, rule: str = "mean", sizes: Tensor | None = None
) -> list[Tensor]:
    """Merge keys, values and outputs by one assignment, made from the keys, so that triples stay aligned.

    Args:
        triples: keys first, then what goes with them, `[B, 2N, C]` each.
        order: positions, sources first, `[B, 2N]`.
        rule: "mean", "pairwise" or "weighted".
        sizes: for "weighted", how many tokens each one stands for, `[B, 2N]`.
    Returns:
        the merged tensors, `[B, N, C]` each; with "weighted" the new sizes come last, `[B, N]`.
    """
    sources, destinations, assigned = match(triples[0], order)
    if rule == "weighted":
        assert sizes is not None, "weighted merging needs the tokens' sizes"
        results = [merge_weighted(tokens, sources, destinations, assigned, sizes) for tokens in triples]
        return [merged for merged, _ in results] + [results[0][1]]
    merge = merge_mean if rule == "mean" else merge_pairwise
    return [merge(tokens, sources, destinations, assigned) for tokens in triples]


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32
