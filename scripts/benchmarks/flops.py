"""Floating-point operations of a frame: matrix products, convolutions and attention.

They are counted on torch's meta device, which knows shapes and no numbers, so the count is the same whatever
the case then runs on and however: kernels of one's own and captured graphs hide from a counter.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from streamv2v import Controls, StreamConfig
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.memory.bank import FeatureBank
from streamv2v.memory.hook import attach
from streamv2v.models.codec import Codec
from streamv2v.models.structure_networks import StructureNetwork
from streamv2v.stream.added_conditions import AddedConditions
from streamv2v.stream.guidance import rows_of

META = torch.device("meta")
TEXT_TOKENS = 77
"""Of the Stable Diffusion family; a model that is loaded may have its own."""


def attention_flops(query: Any, key: Any, value: Any, *_rest: Any, **_options: Any) -> int:
    """FLOPs of softmax(Q K^T) V from the shapes `[B, H, N, D]` and `[B, H, L, D]`."""
    return sdpa_flop_count(query, key, value)


MORE_OPERATORS: dict[Any, Any] = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_flops}
"""Attention of the CPU: torch's counter knows the kernels of GPUs only."""


def count_flops(work: Callable[[], Any]) -> int:
    """FLOPs that `work()` does; a multiplication and its addition count as two."""
    with FlopCounterMode(display=False, custom_mapping=MORE_OPERATORS) as counter:
        work()
    return counter.get_total_flops()


def flops_per_frame(step: Callable[[], Any], interval: int) -> float:
    """Mean FLOPs of one frame over a whole update interval, so that the bank's update counts with its share."""
    return count_flops(lambda: [step() for _ in range(interval)]) / interval


@torch.inference_mode()
def frame_flops(
    unet: Any,
    vae: Any,
    config: StreamConfig,
    *,
    interval: int,
    text_tokens: int = TEXT_TOKENS,
    controls: Controls | None = None,
    structure: Sequence[StructureNetwork] = (),
) -> float:
    """Mean FLOPs of one frame of a running stream: encode, the pass with its bank, the bank's update, decode.

    Args:
        unet, vae: on whatever device; left alone, since copies on the meta device are counted.
        config: size, slots, guidance and bank are read.
        interval: the bank's update interval, frames.
        text_tokens: of a prompt.
        controls: live values; a weighted bank attends in two halves.
        structure: networks that answer every frame.
    """
    unet, codec = on_meta(unet), Codec(on_meta(vae), torch.float32)
    rows = rows_of(config.guidance, config.slots)
    picture = torch.zeros(1, 3, config.height, config.width, device=META)
    latent = codec.encode(picture)
    call = unet_call(unet, latent.expand(rows, -1, -1, -1), text_tokens)

    beside = [structure_call(one, config, latent.expand(rows, -1, -1, -1), text_tokens) for one in structure]

    def around() -> None:
        codec.encode(picture)
        codec.decode(latent)
        for look in beside:
            look()

    if config.bank.kind == "off":
        return count_flops(around) + count_flops(call)
    bank, live = FeatureBank(config.bank, rows, config.slots), LiveTensors(META)
    live.write(controls or Controls())
    with attach(unet, bank, live):
        bank.begin_frame(interval)
        call()
        bank.start_over()

        def step() -> None:
            around()
            bank.begin_frame(interval)
            call()
            bank.update()
            bank.end_frame()

        return flops_per_frame(step, interval)


@torch.inference_mode(False)  # the bank joins weights, which those made under inference mode do not allow
def on_meta(module: Any) -> Any:
    """A copy of `module` without its numbers."""
    there: dict[int, Any] = {}
    for tensor in (*module.parameters(), *module.buffers()):
        empty = torch.empty_like(tensor, device=META)
        there[id(tensor)] = torch.nn.Parameter(empty, False) if isinstance(tensor, torch.nn.Parameter) else empty
    return copy.deepcopy(module, there)


def unet_call(unet: Any, sample: Any, text_tokens: int = TEXT_TOKENS, **given: Any) -> Callable[[], Any]:
    """A call of `unet` for latents `[B, C, h, w]`, with a text of `text_tokens` and added conditions for each.

    Args:
        given: further arguments.
    """
    rows, config = len(sample), unet.config
    options: dict[str, Any] = {"device": unet.device, "dtype": unet.dtype}
    text = torch.zeros(rows, text_tokens, config.cross_attention_dim, **options)
    steps = torch.zeros(rows, device=unet.device)
    width = getattr(config, "time_cond_proj_dim", None)
    more = given | ({"timestep_cond": torch.zeros(rows, width, **options)} if width else {})
    added = AddedConditions(config, rows, sample.shape[2:], device=unet.device)
    more |= added.of(slice(0, rows), unet.dtype)
    sample = sample.to(unet.dtype)
    return lambda: unet(sample, steps, encoder_hidden_states=text, return_dict=False, **more)


def structure_call(network: StructureNetwork, config: StreamConfig, sample: Any, text_tokens: int) -> Callable[[], Any]:
    """What a structure network does for a frame: a ControlNet for each row, an adapter for the picture alone."""
    module = on_meta(network.module)
    rows = 1 if network.is_adapter else len(sample)
    shown = torch.zeros(rows, network.channels, config.height, config.width, device=META, dtype=module.dtype)
    if network.is_adapter:
        return lambda: module(shown)
    return unet_call(module, sample, text_tokens, controlnet_cond=shown)


@torch.inference_mode()
def unet_flops(unet: Any, *, rows: int, width: int, height: int) -> int:
    """FLOPs of one call of a U-Net, `rows` latents of a picture of `width` x `height` px; works on the meta device."""
    cells = torch.zeros(rows, unet.config.in_channels, height // 8, width // 8, device=unet.device)
    return count_flops(unet_call(unet, cells))
