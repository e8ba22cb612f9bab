"""The three networks as static graphs: a fixed list of tensors in, a fixed list of tensors out, nothing else touched.

That is what runtimes other than PyTorch take. Encoder and decoder are so already; of the U-Net `StaticUnet` is the
module that is traced, with the bank among its arguments, and `StaticCall` stands in the running engine: it gathers the
arguments, lets the runtime work, and writes into the bank what came out for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..memory.static_attention import StaticLayer, static_layers
from ..models.loading import Components
from ..models.networks import plain_decoder, plain_encoder

Request = Callable[[Sequence[Tensor]], Sequence[Tensor]]
"""A runtime's network: tensors of the traced shapes in, tensors out that the next call overwrites."""
Shapes = tuple[tuple[int, ...], ...]
ADDED = ("text_embeds", "time_ids")
"""What a U-Net of the SDXL family takes beside its text, in this order."""


class Unfit(Exception):
    """A network of this kind is not made into a static graph; says why, for people."""


def shapes_of(values: Sequence[Tensor]) -> Shapes:
    """What tells the graphs of one network apart."""
    return tuple(tuple(value.shape) for value in values)


def static_network(components: Components, part: str) -> nn.Module:
    """`part` ("encoder", "unet" or "decoder") as a module for tracing, with the very weights of the running one.

    Raises:
        Unfit: no static graph is made of it.
    """
    running = components.unet if part == "unet" else components.vae
    if running.dtype != torch.float32:
        name = str(running.dtype).removeprefix("torch.")
        raise Unfit(f"its numbers are {name}, and only float32 is handed to another runtime")
    if part == "unet":
        return StaticUnet(running)
    return _Codec(running, plain_encoder if part == "encoder" else plain_decoder)


class _Codec(nn.Module):
    """One half of a VAE as a module of one tensor."""

    def __init__(self, vae: Any, half: Callable[[Any], Callable[[Tensor], Tensor]]) -> None:
        super().__init__()
        self.vae = vae
        self._call = half(vae)

    def forward(self, tensor: Tensor) -> tuple[Tensor]:
        return (self._call(tensor),)


class StaticUnet(nn.Module):
    """A U-Net whose bank is an argument.

    Called with sample, timesteps, text, `timestep_cond` where the model has one, the conditions of `ADDED` that it
    has, and then what each layer takes (`StaticLayer.taken`); answers the prediction and then what each layer's bank
    has to keep.

    Raises:
        Unfit: the bank of a layer has taken nothing in yet.
    """

    def __init__(self, unet: Any) -> None:
        super().__init__()
        layers = static_layers(unet)
        if not all(layer.ready for layer in layers.values()):
            raise Unfit("its bank has taken no frame in yet, so that its size is not known")
        self._processors = {name: layer.processor() for name, layer in layers.items()}
        self._takes = {name: layer.takes for name, layer in layers.items()}
        kept: list[Any] = [*unet.parameters(), *unet.buffers(), *unet.attn_processors.values()]
        self.unet = copy.deepcopy(unet, {id(item): item for item in kept})
        self.unet.set_attn_processor({**unet.attn_processors, **self._processors})
        self._conditioned = bool(getattr(unet.config, "time_cond_proj_dim", None))
        self._added = ADDED if getattr(unet.config, "addition_embed_type", None) == "text_time" else ()
        for module in self.unet.modules():
            if getattr(module, "time_embedding_norm", "") == "scale_shift":
                module.norm2 = _GroupNorm(module.norm2)

    def forward(self, sample: Tensor, timesteps: Tensor, text: Tensor, *more: Tensor) -> tuple[Tensor, ...]:
        given = list(more)
        condition: dict[str, Any] = {"timestep_cond": given.pop(0)} if self._conditioned else {}
        if self._added:
            condition["added_cond_kwargs"] = {name: given.pop(0) for name in self._added}
        for name, processor in self._processors.items():
            processor.taken = [given.pop(0) for _ in range(self._takes[name])]
        found = self.unet(sample, timesteps, encoder_hidden_states=text, return_dict=False, **condition)[0]
        return (found, *(tensor for processor in self._processors.values() for tensor in processor.kept))


class _GroupNorm(nn.Module):
    """A group normalisation in smaller steps.

    OpenVINO 2026.4 dies (a segmentation fault) over one whose result is multiplied by a tensor that is no constant.
    """

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, tokens: Tensor) -> Tensor:
        norm = self.norm
        groups = tokens.unflatten(1, (norm.num_groups, -1)).flatten(2)
        even = F.layer_norm(groups, groups.shape[2:], eps=norm.eps).reshape(tokens.shape)
        if norm.weight is None:
            return even
        return even * norm.weight[:, None, None] + norm.bias[:, None, None]


def unet_values(
    layers: Sequence[StaticLayer],
    sample: Tensor,
    timesteps: Tensor,
    *,
    encoder_hidden_states: Tensor,
    timestep_cond: Tensor | None = None,
    added_cond_kwargs: Mapping[str, Tensor] | None = None,
    return_dict: bool = False,
) -> list[Tensor]:
    """The arguments of a `StaticUnet`, from those of the running U-Net and from its bank."""
    condition = [] if timestep_cond is None else [timestep_cond]
    condition += [added_cond_kwargs[name] for name in ADDED] if added_cond_kwargs else []
    taken = [tensor for layer in layers for tensor in layer.taken(len(sample))]
    return [sample, timesteps, encoder_hidden_states, *condition, *taken]


class StaticCall:
    """The static graphs of one network in the running network's place, called as `Networks` says.

    Args:
        part: "encoder", "unet" or "decoder".
        requests: by the shapes they were made for; a call of other shapes goes to the running network.
    """

    def __init__(self, components: Components, part: str, requests: dict[Shapes, Request]) -> None:
        self._requests = requests
        self._layers = list(static_layers(components.unet).values()) if part == "unet" else []
        self._is_unet = part == "unet"
        plain = plain_encoder if part == "encoder" else plain_decoder
        self.plain: Callable[..., Any] = components.unet if self._is_unet else plain(components.vae)

    def values(self, *args: Any, **kwargs: Any) -> list[Tensor]:
        """The graph's arguments for a call."""
        return unet_values(self._layers, *args, **kwargs) if self._is_unet else list(args)

    def takes(self, *args: Any, **kwargs: Any) -> bool:
        """Whether a graph answers this call; a longer prompt is answered by the running network."""
        ready = not self._is_unet or all(layer.ready for layer in self._layers)
        return ready and shapes_of(self.values(*args, **kwargs)) in self._requests

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As the running network; what it answers is overwritten by the next call."""
        if self._is_unet and not all(layer.ready for layer in self._layers):
            return self.plain(*args, **kwargs)
        values = self.values(*args, **kwargs)
        request = self._requests.get(shapes_of(values))
        if request is None:
            return self.plain(*args, **kwargs)
        found, *rest = request(values)
        if not self._is_unet:
            return found
        kept = iter(rest)
        for layer in self._layers:
            layer.keep(lambda: next(kept))
        return (found,)
