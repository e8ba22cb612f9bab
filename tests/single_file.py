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
    """Write U-Net, VAE and text encoders of `pipe` into one .safetensors file."""
    weights: dict[str, torch.Tensor] = {}
    layers = pipe.unet.config.layers_per_block
    attends = [kind.startswith("CrossAttn") for kind in pipe.unet.config.up_block_types]
    for name, tensor in pipe.unet.state_dict().items():
        weights["model.diffusion_model." + unet_name(name, layers, attends)] = tensor
    for name, tensor in pipe.vae.state_dict().items():
        is_attention = ".attentions." in name and name.endswith("weight") and "norm" not in name
        weights["first_stage_model." + vae_name(name, len(pipe.vae.decoder.up_blocks))] = (
            tensor[:, :, None, None] if is_attention else tensor
        )
    second = getattr(pipe, "text_encoder_2", None)
    start = "cond_stage_model.transformer." if second is None else "conditioner.embedders.0.transformer."
    for name, tensor in pipe.text_encoder.state_dict().items():
        weights[start + ("" if name.startswith("text_model.") else "text_model.") + name] = tensor
    if second is not None:
        open_clip = open_clip_weights(second.state_dict())
        weights |= {f"conditioner.embedders.1.model.{name}": tensor for name, tensor in open_clip.items()}
    save_file({name: tensor.clone().contiguous() for name, tensor in weights.items()}, path)
    return path


def open_clip_weights(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A text encoder's weights as open_clip has them: the three projections of a layer in one."""
    names = {
        "embeddings.token_embedding.weight": "token_embedding.weight",
        "embeddings.position_embedding.weight": "positional_embedding",
        "final_layer_norm.": "ln_final.",
        "encoder.layers.": "transformer.resblocks.",
        "layer_norm": "ln_",
        "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj",
        "self_attn.out_proj": "attn.out_proj",
    }
    found: dict[str, torch.Tensor] = {"text_projection": weights["text_projection.weight"].T}
    for name, tensor in weights.items():
        plain = name.removeprefix("text_model.")
        if name == "text_projection.weight" or ".self_attn.k_proj" in name or ".self_attn.v_proj" in name:
            continue
        if ".self_attn.q_proj" in name:
            tensor = torch.cat([weights[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")])
            plain = plain.replace("self_attn.q_proj.", "attn.in_proj_")
        for ours, original in names.items():
            plain = plain.replace(ours, original)
        found[plain] = tensor
    return found


def unet_name(name: str, layers: int, attends: list[bool]) -> str:
    """One U-Net key in the original layout: blocks are numbered through, two parts each.

    Args:
        attends: of each up block, whether it has attention.
    """
    fixed = {
        "conv_in.": "input_blocks.0.0.",
        "time_embedding.linear_1.": "time_embed.0.",
        "time_embedding.linear_2.": "time_embed.2.",
        "add_embedding.linear_1.": "label_emb.0.0.",
        "add_embedding.linear_2.": "label_emb.0.2.",
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
        return f"output_blocks.{level * (layers + 1) + layers}.{2 if attends[level] else 1}.{rest}"
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
