"""The baseline: the same method as a plain eager loop, the way research code is written.

From the paper (arXiv:2405.15757) and the stream batch (arXiv:2312.12491): attention processors that join stored
and current tokens with `torch.cat` in every layer on every frame, a Python deque for the bank, an update of all
layers at once on every n-th frame, the whole similarity matrix for feature fusion, random bipartite merging by
gathers, pictures through PIL and a device-wide wait for every frame. Nothing in it is slowed down on purpose:
the attention kernel is torch's fused one, networks run in the same format, and outputs are kept only where
they are fused, as the engine does (published code keeps them in every layer).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from streamv2v import Components
from streamv2v.frames import Pixels
from streamv2v.stream.added_conditions import AddedConditions
from streamv2v.stream.prompt import encoder_of

FUSED = ("mid_block", "up_blocks.0", "up_blocks.1")
SELF_ATTENTION = ".attn1.processor"

DrawOrder = Callable[[int, int, int, int, torch.device], Tensor]
"""(layer, update, rows, tokens, device) -> a random order of the tokens, `[rows, tokens]`."""


class BaselineAttention:
    """One self-attention layer with its bank, a deque of one entry: keys, values and, where it fuses, outputs."""

    def __init__(self, layer: int, stream: BaselineStream, *, fuses: bool) -> None:
        self.layer, self.stream, self.fuses = layer, stream, fuses
        self.bank: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=1)
        self.updates = 0

    def __call__(self, attn: Any, hidden_states: Tensor, *_args: Any, **_options: Any) -> Tensor:
        query, key, value = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        keys, values = key, value
        if self.bank:
            keys = torch.cat([key, *(entry[0] for entry in self.bank)], dim=1)
            values = torch.cat([value, *(entry[1] for entry in self.bank)], dim=1)
        q, k, v = (tokens.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for tokens in (query, keys, values))
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        output = attn.to_out[1](attn.to_out[0](mixed))
        fused = self._fuse(output) if self.fuses and self.bank else output
        if not self.bank:
            self.bank.append((key, value, output if self.fuses else value))
        elif self.stream.frame % self.stream.interval == 0:
            self._merge(key, value, output)
        return fused

    def _fuse(self, output: Tensor) -> Tensor:
        stored = torch.cat([entry[2] for entry in self.bank], dim=1)
        similarity = F.normalize(output, dim=-1) @ F.normalize(stored, dim=-1).transpose(1, 2)
        best, nearest = similarity.max(dim=-1)
        found = torch.gather(stored, 1, nearest.unsqueeze(-1).expand(-1, -1, stored.shape[-1]))
        blended = (1 - self.stream.alpha) * output + self.stream.alpha * found
        return torch.where((best >= self.stream.threshold).unsqueeze(-1), blended, output)

    def _merge(self, key: Tensor, value: Tensor, output: Tensor) -> None:
        tokens = [torch.cat([new, old], dim=1) for new, old in zip((key, value), self.bank[0][:2], strict=True)]
        if self.fuses:
            tokens.append(torch.cat([output, self.bank[0][2]], dim=1))
        rows, count, _ = tokens[0].shape
        order = self.stream.draw(self.layer, self.updates, rows, count, key.device)
        source, destination = order[:, : count // 2], order[:, count // 2 :]
        unit = tokens[0] / tokens[0].norm(dim=-1, keepdim=True)
        assigned = (gather(unit, source) @ gather(unit, destination).transpose(1, 2)).argmax(dim=-1)
        merged = []
        for each in tokens:
            index = assigned.unsqueeze(-1).expand(-1, -1, each.shape[-1])
            mean = gather(each, destination).scatter_reduce(1, index, gather(each, source), "mean", include_self=True)
            merged.append(mean)
        self.updates += 1
        self.bank.append((merged[0], merged[1], merged[-1]))


def gather(tokens: Tensor, positions: Tensor) -> Tensor:
    return torch.gather(tokens, 1, positions.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))


class BaselineStream:
    """Frames in, frames out, by the plain loop; call `close()` to give the U-Net its processors back.

    Args:
        components: networks on their device.
        width, height: px; slots: denoising steps; strength: 0..1, where n slots stand on the published grid.
        bank: False for the stream without a bank.
        draw: random orders for merging; None draws them from seed 0.
    """

    def __init__(
        self,
        components: Components,
        *,
        width: int,
        height: int,
        slots: int,
        prompt: str,
        strength: float = 0.4,
        seed: int = 2,
        interval: int = 4,
        alpha: float = 0.8,
        threshold: float = 0.98,
        bank: bool = True,
        draw: DrawOrder | None = None,
    ) -> None:
        self.unet, self.vae, self.size, self.slots = components.unet, components.vae, (width, height), slots
        self.interval, self.alpha, self.threshold, self.frame = interval, alpha, threshold, 0
        self.device, self.dtype = self.unet.device, self.unet.dtype
        self.prediction_type = components.prediction_type
        self.scaling = float(getattr(self.vae.config, "scaling_factor", None) or 1.0)
        self.draw = draw or self._draw
        self._generator = torch.Generator(self.device).manual_seed(0)
        text = encoder_of(components).encode(prompt)
        self.text = text.tokens.to(self.dtype).repeat(slots, 1, 1)
        added = AddedConditions(self.unet.config, slots, (height // 8, width // 8), device=self.device)
        added.set_pooled(text.pooled, text.pooled, 0)
        self.added = added.of(slice(0, slots), self.dtype)
        train_steps = len(components.alphas_cumprod)
        steps = [round(train_steps * strength * (slots - slot) / slots) - 1 for slot in range(slots)]
        alphabar = components.alphas_cumprod[steps].double().view(-1, 1, 1, 1)
        self.timesteps = torch.tensor(steps, device=self.device)
        self.signal, self.noise_level = (
            x.to(self.device, self.dtype) for x in (alphabar.sqrt(), (1 - alphabar).sqrt())
        )
        scaled = torch.tensor(steps).double().view(-1, 1, 1, 1) * components.timestep_scaling
        self.c_skip = (0.25 / (scaled**2 + 0.25)).to(self.device, self.dtype)
        self.c_out = (scaled / (scaled**2 + 0.25).sqrt()).to(self.device, self.dtype)
        self.seed = seed
        self.noise = self.in_flight = torch.empty(0)
        self._found = dict(self.unet.attn_processors)
        self.layers: list[BaselineAttention] = []
        if bank:
            self._attach()

    def _attach(self) -> None:
        processors = dict(self._found)
        for name in self._found:
            if name.endswith(SELF_ATTENTION):
                processors[name] = BaselineAttention(len(self.layers), self, fuses=name.startswith(FUSED))
                self.layers.append(processors[name])
        self.unet.set_attn_processor(processors)

    @torch.inference_mode()
    def __call__(self, frame: Pixels) -> Pixels:
        """One frame in, RGB uint8 `[H, W, 3]`, the oldest finished one out; the first is pushed through all steps."""
        picture = Image.fromarray(frame).resize(self.size)
        array = np.asarray(picture).astype(np.float32) / 255.0
        tensor = torch.from_numpy(array).permute(2, 0, 1).unsqueeze(0).to(self.device) * 2.0 - 1.0
        encoded = self.vae.encode(tensor.to(self.dtype))
        latent = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        latent = latent * self.scaling
        clean = self._step(latent) if len(self.in_flight) else self._start(latent)
        decoded = self.vae.decode(clean[-1:] / self.scaling, return_dict=False)[0]
        finished = (decoded / 2 + 0.5).clamp(0, 1)
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        levels = (finished.cpu().permute(0, 2, 3, 1).float().numpy() * 255).round().astype("uint8")
        return np.asarray(Image.fromarray(levels[0]))

    def _start(self, latent: Tensor) -> Tensor:
        """S copies of the first frame (the paper, section 3.1), each pushed to its own slot's noise level."""
        generator = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(self.slots, *latent.shape[1:], generator=generator)
        self.noise = noise.to(self.device, self.dtype)
        self.in_flight = latent.repeat(self.slots, 1, 1, 1)
        clean = self.in_flight
        for _ in range(self.slots):
            for layer in self.layers:
                layer.bank.clear()
            clean = self._step(latent)
        self.frame = 0
        return clean

    def _step(self, latent: Tensor) -> Tensor:
        """One U-Net call for all slots (stream batch): x_0 of every slot, `[n, C, h, w]`."""
        self.frame += 1
        entering = torch.cat([latent, self.in_flight[:-1]])
        sample = self.signal * entering + self.noise_level * self.noise
        output = self.unet(sample, self.timesteps, encoder_hidden_states=self.text, return_dict=False, **self.added)[0]
        if self.prediction_type == "epsilon":
            output = (sample - self.noise_level * output) / self.signal
        elif self.prediction_type == "v_prediction":
            output = self.signal * sample - self.noise_level * output
        self.in_flight = self.c_out * output + self.c_skip * sample
        return self.in_flight

    def _draw(self, _layer: int, _update: int, rows: int, tokens: int, device: torch.device) -> Tensor:
        return torch.rand(rows, tokens, generator=self._generator, device=device).argsort(dim=1)

    def close(self) -> None:
        """Give the U-Net back the processors it had."""
        self.unet.set_attn_processor(dict(self._found))
