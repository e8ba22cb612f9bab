"""A diffusers folder written as one checkpoint file, in the layout of the original latent diffusion code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def save_single_file(pipe: Any, path: Path) -> Path:
    """Write U-Net, VAE and text encoder of `pipe` into one .safetensors file."""
    weights: dict[str, torch.Tensor] = {}
    layers = pipe.unet.config.layers_per_block
    for name, tensor in pipe.unet.state_dict().items():
        weights["model.diffusion_model." + unet_name(name, layers, len(pipe.unet.down_blocks))] = tensor
    for name, tensor in pipe.vae.state_dict().items():
        is_attention = ".attentions." in name and name.endswith("weight") and "norm" not in name
        weights["first_stage_model." + vae_name(name, len(pipe.vae.decoder.up_blocks))] = (
            tensor[:, :, None, None] if is_attention else tensor
        )
    for name, tensor in pipe.text_encoder.state_dict().items():
        weights["cond_stage_model.transformer." + ("" if name.startswith("text_model.") else "text_model.") + name] = (
            tensor
        )
    save_file({name: tensor.clone().contiguous() for name, tensor in weights.items()}, path)
    return path


def unet_name(name: str, layers: int, levels: int) -> str:
    """One U-Net key in the original layout: blocks are numbered through, two parts each."""
    fixed = {
        "conv_in.": "input_blocks.0.0.",
        "time_embedding.linear_1.": "time_embed.0.",
        "time_embedding.linear_2.": "time_embed.2.",
        "conv_norm_out.": "out.0.",
        "conv_out.": "out.2.",
        "mid_block.resnets.0.": "middle_block.0.",
        "mid_block.attentions.0.": "middle_block.1.",
        "mid_block.resnets.1.": "middle_block.2.",
    }
    for start, original in fixed.items():
        if name.startswith(start):
            return renamed(original + name.removeprefix(start), RESNET if "resnets" in start else {})
    match = re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)", name)
    assert match, name
    side, level, kind, number, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
    if kind == "downsamplers":
        return f"input_blocks.{1 + level * (layers + 1) + layers}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        # it follows the last block's attention, where that level has one
        has_attention = 0 < level < levels
        return f"output_blocks.{level * (layers + 1) + layers}.{2 if has_attention else 1}.{rest}"
    block = 1 + level * (layers + 1) + number if side == "down" else level * (layers + 1) + number
    place = f"{'input' if side == 'down' else 'output'}_blocks.{block}.{0 if kind == 'resnets' else 1}."
    return place + renamed(rest, RESNET if kind == "resnets" else {})


def vae_name(name: str, levels: int) -> str:
    """One KL VAE key in the original layout; the decoder counts its levels the other way round."""
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if "mid_block.attentions.0." in name:
        start, rest = name.split("mid_block.attentions.0.")
        return f"{start}mid.attn_1.{renamed(rest, VAE_ATTENTION)}"
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{levels - 1 - int(m[1])}.block.{m[2]}", name)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)


def renamed(rest: str, names: dict[str, str]) -> str:
    for ours, original in names.items():
        if f"{ours}." in rest:
            return rest.replace(f"{ours}.", f"{original}.", 1)
    return rest
