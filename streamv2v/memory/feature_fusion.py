"""Feature fusion (FF; arXiv:2405.15757, section 4.2): blend in the nearest output of the bank.

It sits at the self-attention's output, before the residual, as in the published code; the paper's figure draws it
at the output of the whole block.
"""

from __future__ import annotations

from torch import Tensor

from .merging import pick
from .nearest import nearest

HARD = 1e-12
"""Width of the ramp of a hard gate: less than any two different cosines lie apart."""


def fuse_features(
    output: Tensor,
    bank_output: Tensor,
    *,
    strength: Tensor,
    threshold: Tensor,
    softness: Tensor | None = None,
    kept: Tensor | None = None,
) -> Tensor:
    """O'(p) = (1 - alpha) O(p) + alpha O_fb(argmax_q cos), where that cosine reaches the threshold.

    Args:
        output: what the layer's output projection gave, `[B, N, C]`.
        bank_output: stored outputs, `[B, M, C]`.
        strength: alpha, a scalar tensor, 0..1.
        threshold: least cosine similarity, a scalar tensor, -1..1.
        softness: width of a ramp from 0, that far below the threshold, to alpha at the threshold; a
            scalar tensor. None and 0 are the paper's switch.
        kept: share of alpha that each token keeps, `[B, N, 1]`, 0..1; None is 1.
    Returns:
        `[B, N, C]`; tokens without a close enough neighbour pass unchanged.
    """
    best, place = nearest(output, bank_output)
    if softness is None:
        share = strength * (best >= threshold)
    else:
        below = (best - threshold.to(best.dtype)).to(softness.dtype)  # exact: close numbers of one format
        share = strength * (1.0 + below / softness.clamp(min=HARD)).clamp(0.0, 1.0)
    if kept is not None:
        share = share * kept
    return output + share.to(output.dtype) * (pick(bank_output, place.squeeze(-1)) - output)
