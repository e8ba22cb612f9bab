"""Feature fusion (FF; arXiv:2405.15757, section 4.2): blend in the nearest output of the bank."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from .matching import pick


def fuse_features(output: Tensor, bank_output: Tensor, *, strength: Tensor, threshold: Tensor) -> Tensor:
    """O'(p) = (1 - alpha) O(p) + alpha O_fb(argmax_q cos), where that cosine reaches the threshold.

    Args:
        output: what the layer's output projection gave, `[B, N, C]`.
        bank_output: stored outputs, `[B, M, C]`.
        strength: alpha, a scalar tensor, 0..1.
        threshold: least cosine similarity, a scalar tensor, -1..1.
    Returns:
        `[B, N, C]`; tokens without a close enough neighbour pass unchanged.
    """
    similarity = F.normalize(output, dim=-1) @ F.normalize(bank_output, dim=-1).transpose(1, 2)
    best, nearest = similarity.max(dim=-1, keepdim=True)
    share = (strength * (best >= threshold)).to(output.dtype)
    return output + share * (pick(bank_output, nearest.squeeze(-1)) - output)
