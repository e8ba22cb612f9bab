"""Attention over two sets of tokens as two calls, joined exactly by their log-sum-exp.

With o and l the output and the log-sum-exp of the logits of either call, attention over both sets,
the second with weight w, is

    o_now + sigma(l_bank - l_now + log w) (o_bank - o_now).

So a weight needs no mask, which would shut out the fast kernels, and may differ from query to query.
"""

from __future__ import annotations

import torch
from torch import Tensor


def attend_split(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    heads: int,
    count: int,
    log_weight: Tensor,
    bias: Tensor | None = None,
) -> Tensor:
    """Multi-head attention over the current frame and, with a weight, over the bank.

    Args:
        query: `[B, N, C]`.
        key, value: `[B, L, C]`, the first `count` the current frame's tokens, the others the bank's.
        heads: attention heads; divides C.
        log_weight: log of the bank's weight, -inf.., broadcasts to `[B, 1, N, 1]`.
        bias: added to the logits of each token, `[B, L]`; 0 for the current frame's.
    Returns:
        `[B, N, C]`; at log weight 0 the same as attention over all L tokens.
    """
    q, k, v = (tokens.unflatten(-1, (heads, -1)).transpose(1, 2) for tokens in (query, key, value))
    now, now_sum = attend_with_sum(q, k[:, :, :count], v[:, :, :count])
    if bias is None:
        past, past_sum = attend_with_sum(q, k[:, :, count:], v[:, :, count:])
    else:
        past, past_sum = attend_with_sum_plainly(q, k[:, :, count:], v[:, :, count:], bias[:, None, None, count:])
    share = torch.sigmoid((past_sum - now_sum).unsqueeze(-1) + log_weight.to(now_sum.dtype))
    return (now + share.to(now.dtype) * (past - now)).transpose(1, 2).flatten(2)


def attend_with_sum(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Attention and the log-sum-exp of its logits, by the fastest kernel that gives both.

    Args:
        query: `[B, H, N, D]`; key, value: `[B, H, L, D]`.
    Returns:
        output `[B, H, N, D]`, log-sum-exp `[B, H, N]` in float32 or wider.
    """
    aten = torch.ops.aten
    if query.device.type == "cpu":
        return aten._scaled_dot_product_flash_attention_for_cpu(query, key, value)
    if query.device.type == "cuda" and query.shape[-1] % 8 == 0:
        kernel = cuda_kernel(query.dtype, query.shape[-1], torch.cuda.get_device_capability(query.device))
        if kernel == "flash":
            output, logsumexp = aten._scaled_dot_product_flash_attention(query, key, value)[:2]
            return output, logsumexp
        if kernel == "efficient":
            found = aten._scaled_dot_product_efficient_attention(query, key, value, None, True)
            return found[0], found[1][:, :, : query.shape[2]]  # its sums are padded to whole blocks
    return attend_with_sum_plainly(query, key, value)


def cuda_kernel(dtype: torch.dtype, head_width: int, capability: tuple[int, int]) -> str:
    """Which kernel gives both on a CUDA card: "flash", "efficient" or "plain".

    Asked for by name, a kernel that the card lacks is an error; flash attention needs Ampere (8.0), bfloat16 too.

    Args:
        head_width: D, a multiple of 8.
        capability: compute capability, (major, minor).
    """
    new, half = capability >= (8, 0), dtype in (torch.float16, torch.bfloat16)
    if half and new and head_width <= 256:
        return "flash"
    if dtype == torch.float32 or (half and (new or dtype == torch.float16)):
        return "efficient"
    return "plain"


def attend_with_sum_plainly(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The same in plain mathematics, for every device and format; `bias`, `[B, 1, 1, L]`, is added to the logits."""
    wide = torch.promote_types(query.dtype, torch.float32)
    logits = (query.to(wide) @ key.to(wide).transpose(-1, -2)) * query.shape[-1] ** -0.5
    logits = logits if bias is None else logits + bias.to(wide)
    logsumexp = logits.logsumexp(dim=-1)
    weights = (logits - logsumexp.unsqueeze(-1)).exp()
    return (weights @ value.to(wide)).to(query.dtype), logsumexp
