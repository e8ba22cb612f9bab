"""A U-Net's layers in the names of the original latent diffusion code, which trainers of SDXL keep, as diffusers'."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_BLOCK = re.compile(r"^(.*?)(input_blocks|middle_block|output_blocks)[._](\d+)(?:[._](\d+))?[._](.+)$")
_ALONE = {
    "time_embed_0": "time_embedding_linear_1",
    "time_embed_2": "time_embedding_linear_2",
    "label_emb_0_0": "add_embedding_linear_1",
    "label_emb_0_2": "add_embedding_linear_2",
    "input_blocks_0_0": "conv_in",
    "out_2": "conv_out",
}
_RESNET = {
    "in_layers_2": "conv1",
    "emb_layers_1": "time_emb_proj",
    "out_layers_3": "conv2",
    "skip_connection": "conv_shortcut",
}
_MIDDLE = {"0": "resnets_0", "1": "attentions_0", "2": "resnets_1"}


def as_diffusers(names: Iterable[str], unet_config: Any) -> dict[str, str]:
    """Each name -> the same layer's under diffusers' blocks; names that are so already, or of no U-Net, stay.

    Args:
        unet_config: its layers for each block are read.
    """
    layers = unet_config.layers_per_block
    per_block = (layers if isinstance(layers, int) else layers[0]) + 1
    return {name: _renamed(name, per_block) for name in names}


def _renamed(name: str, per_block: int) -> str:
    plain = name.replace(".", "_")
    for original, ours in _ALONE.items():
        if plain.endswith(f"unet_{original}") or plain == original:
            return name[: len(name) - len(original)] + ours
    match = _BLOCK.match(name)
    if match is None:
        return name
    start, side, number, part, rest = match.groups()
    rest = rest.replace(".", "_")
    if side == "middle_block":
        # its only numbers are those of the three layers
        within = f"{part}_{rest}" if part is not None else rest
        return f"{start}mid_block_{_MIDDLE.get(number, number)}_{_RESNET.get(within, within)}"
    if side == "input_blocks":
        block, place = divmod(int(number) - 1, per_block)
        if rest == "op":
            return f"{start}down_blocks_{block}_downsamplers_0_conv"
        kind = "resnets" if part == "0" else "attentions"
        return f"{start}down_blocks_{block}_{kind}_{place}_{_RESNET.get(rest, rest)}"
    block, place = divmod(int(number), per_block)
    if rest == "conv":
        return f"{start}up_blocks_{block}_upsamplers_0_conv"
    kind = "resnets" if part == "0" else "attentions"
    return f"{start}up_blocks_{block}_{kind}_{place}_{_RESNET.get(rest, rest)}"
