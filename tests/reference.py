"""The paper written plainly: one frame, one slot, one token at a time; slow, for comparison only.

Follows arXiv:2405.15757 (extended self-attention 4.1, feature fusion 4.2, dynamic merging 4.3) on the
img2img stream of consistency steps. No batch, no buffers, no live tensors: plain lists and loops.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class PlainAttention:
    """One self-attention layer with one bank {K, V, O} per slot."""

    def __init__(self, layer: int, paper: PlainStream, *, fuses: bool) -> None:
        self.layer, self.paper, self.fuses = layer, paper, fuses
        self.bank: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
        self.updates = 0

    def __call__(self, attn: Any, hidden_states: Tensor, *_args: Any, **_options: Any) -> Tensor:
        paper, slot = self.paper, self.paper.slot
        q, k, v = attn.to_q(hidden_states)[0], attn.to_k(hidden_states)[0], attn.to_v(hidden_states)[0]
        keys, values = k, v
        known = self.bank.get(slot)
        if known and paper.attention:
            keys, values = torch.cat([k, known[0]]), torch.cat([v, known[1]])
        mixed = torch.zeros_like(q)
        width = q.shape[1] // attn.heads
        for head in range(attn.heads):
            part = slice(head * width, (head + 1) * width)
            for token in range(q.shape[0]):
                logits = keys[:, part] @ q[token, part] / math.sqrt(width)
                weights = (logits - logits.max()).exp()
                mixed[token, part] = weights @ values[:, part] / weights.sum()
        output = attn.to_out[0](mixed)
        fused = output.clone()
        if known and self.fuses:
            self._fuse(output, known[2], fused)
        if known is None:
            self.bank[slot] = (k, v, output)
        elif paper.frame % paper.interval == 0:
            self._update(slot, k, v, output)
        return fused[None]

    def _fuse(self, output: Tensor, stored: Tensor, fused: Tensor) -> None:
        for token in range(output.shape[0]):
            cosines = cosine(output[token], stored)
            if cosines.max() >= self.paper.threshold:
                nearest = stored[int(cosines.argmax())]
                fused[token] = (1 - self.paper.alpha) * output[token] + self.paper.alpha * nearest

    def _update(self, slot: int, k: Tensor, v: Tensor, output: Tensor) -> None:
        old = self.bank[slot]
        if self.paper.queue:
            # the queue grows to its length, then the oldest leaves
            longest = self.paper.queue * k.shape[0]
            parts = [torch.cat([stored, fresh])[-longest:] for stored, fresh in zip(old, (k, v, output), strict=True)]
            self.bank[slot] = (parts[0], parts[1], parts[2])
            return
        update = self.paper.frame // self.paper.interval - 1
        order = self.paper.order(self.layer, update, self.paper.slots, 2 * k.shape[0], k.device)[slot].tolist()
        merged = merge([torch.cat([fresh, stored]) for fresh, stored in zip((k, v, output), old, strict=True)], order)
        self.bank[slot] = (merged[0], merged[1], merged[2])


def merge(triples: list[Tensor], order: list[int]) -> list[Tensor]:
    """Dynamic merging by loops: each source joins its most similar destination; a group becomes its mean."""
    half = len(order) // 2
    sources, destinations = order[:half], order[half:]
    groups: dict[int, list[int]] = {destination: [destination] for destination in destinations}
    for source in sources:
        scores = cosine(triples[0][source], triples[0][destinations])
        groups[destinations[int(scores.argmax())]].append(source)
    return [torch.stack([tokens[members].mean(dim=0) for members in groups.values()]) for tokens in triples]


def cosine(one: Tensor, many: Tensor) -> Tensor:
    return many @ one / (many.norm(dim=1) * one.norm())


class PlainStream:
    """The whole method on one U-Net; `run` gives the last slot's x_0 for each call."""

    def __init__(
        self,
        unet: Any,
        alphas_cumprod: Tensor,
        text: Tensor,
        noise: Tensor,
        *,
        strength: float,
        order: Callable[..., Tensor],
        attention: bool = True,
        fusion: bool = True,
        queue: int = 0,
        bank: bool = True,
        interval: int = 4,
        alpha: float = 0.8,
        threshold: float = 0.98,
        fused: tuple[str, ...] = ("mid_block", "up_blocks.0", "up_blocks.1"),
    ) -> None:
        self.unet, self.text, self.noise, self.order = unet, text, noise, order
        self.attention, self.queue, self.interval = attention, queue, interval
        self.alpha, self.threshold = alpha, threshold
        self.slots, self.slot, self.frame = noise.shape[0], 0, 0
        step = len(alphas_cumprod) // 50
        indices = [50 * (1 - strength) + slot * 50 * strength / self.slots for slot in range(self.slots)]
        self.timesteps = [round(len(alphas_cumprod) - 1 - step * index) for index in indices]
        self.alphabar = [float(alphas_cumprod[t]) for t in self.timesteps]
        if bank:
            processors = dict(unet.attn_processors)
            names = [name for name in processors if name.endswith("attn1.processor")]
            for layer, name in enumerate(names):
                processors[name] = PlainAttention(layer, self, fuses=fusion and name.startswith(fused))
            unet.set_attn_processor(processors)

    def noised(self, clean: Tensor, slot: int) -> Tensor:
        a = self.alphabar[slot]
        return math.sqrt(a) * clean + math.sqrt(1 - a) * self.noise[slot : slot + 1]

    def step(self, clean: Tensor, slot: int) -> Tensor:
        """One consistency step of one frame in one slot, x_0 to better x_0."""
        self.slot = slot
        sample, t, a = self.noised(clean, slot), self.timesteps[slot], self.alphabar[slot]
        epsilon = self.unet(sample, t, encoder_hidden_states=self.text, return_dict=False)[0]
        c_skip = 0.25 / ((10 * t) ** 2 + 0.25)
        c_out = 10 * t / math.sqrt((10 * t) ** 2 + 0.25)
        return c_out * (sample - math.sqrt(1 - a) * epsilon) / math.sqrt(a) + c_skip * sample

    def run(self, latents: list[Tensor]) -> list[Tensor]:
        clean = latents[0]
        waiting: list[Tensor] = []
        for slot in range(self.slots):
            clean = self.step(clean, slot)
            waiting.append(clean)
        results = [clean]
        for self.frame, latent in enumerate(latents[1:], start=1):
            entering = [latent, *waiting[:-1]]
            waiting = [self.step(entering[slot], slot) for slot in range(self.slots)]
            results.append(waiting[-1])
        return results
