"""Small whole inputs: clips, pictures that move, and a model with what goes beside it."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

from streamv2v.config import EMBEDDED_FOLDER


def clip(path: Path) -> bytes:
    """A second of moving squares with a tone, in the container that the name says."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound: Any = container.add_stream("aac", rate=44100, layout="mono")
        for number in range(15):
            picture = np.full((48, 64, 3), 40, np.uint8)
            picture[10:30, 2 * number : 2 * number + 20] = 220
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 15)
            container.mux(stream.encode(frame))
        wave = (np.sin(np.arange(44100) / 16) * 9000).astype(np.int16).reshape(1, -1)
        tone = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        tone.sample_rate = 44100
        container.mux(sound.encode(tone))
        container.mux(sound.encode(None))
        container.mux(stream.encode(None))
    return path.read_bytes()


def moving(path: Path) -> bytes:
    """Ten pictures of a moving square, in the kind that the name says."""
    import numpy as np
    from PIL import Image

    pictures = []
    for number in range(10):
        picture = np.full((48, 64, 3), 40, np.uint8)
        picture[10:30, 4 * number : 4 * number + 20] = 220 - 5 * number
        pictures.append(Image.fromarray(picture))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=60, loop=0)
    return path.read_bytes()


def tiny_model(folder: Path) -> dict[str, Path]:
    """A diffusers folder of a few thousand random weights; its files to mutate, with a LoRA and a lone VAE."""
    import torch
    from diffusers import AutoencoderKL, LCMScheduler, UNet2DConditionModel
    from safetensors.torch import load_file, save_file
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel

    shutil.copytree(EMBEDDED_FOLDER / "tokenizer", folder / "tokenizer")
    words = len(json.loads((folder / "tokenizer" / "vocab.json").read_text("utf-8")))
    blocks: Any = {"down_block_types": ("CrossAttnDownBlock2D",), "up_block_types": ("CrossAttnUpBlock2D",)}
    shape: dict[str, Any] = {"block_out_channels": (8,), "norm_num_groups": 4, "layers_per_block": 1}
    UNet2DConditionModel(cross_attention_dim=16, attention_head_dim=2, **shape, **blocks).save_pretrained(
        folder / "unet"
    )
    kinds: Any = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    vae: Any = AutoencoderKL(**{**shape, "block_out_channels": (8,) * 4}, **kinds)
    vae.save_pretrained(folder / "vae")
    sizes: Any = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    CLIPTextModel(CLIPTextConfig(vocab_size=words, **sizes)).save_pretrained(folder / "text_encoder")
    LCMScheduler().save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))
    unet = folder / "unet" / "diffusion_pytorch_model.safetensors"
    layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    halves = {f"{layer}.lora_down.weight": torch.randn(2, 8), f"{layer}.lora_up.weight": torch.randn(8, 2)}
    save_file(halves, folder / "lora.safetensors")
    other = layer.replace("to_q", "to_k")
    parts = {"w1_a": (8, 2), "w1_b": (2, 8), "w2_a": (8, 2), "w2_b": (2, 8)}
    many = {f"{layer}.hada_{part}": torch.randn(*shape) for part, shape in parts.items()}
    many |= {f"{other}.lokr_w1": torch.randn(2, 2), f"{other}.lokr_w2": torch.randn(4, 4)}
    save_file(many | {f"{other}.dora_scale": torch.rand(8, 1)}, folder / "lycoris.safetensors")
    lone = folder / "vae.safetensors"
    save_file(load_file(folder / "vae" / "diffusion_pytorch_model.safetensors"), lone)
    text = folder / "text_encoder" / "model.safetensors"
    loras = {name: folder / f"{name}.safetensors" for name in ("lora", "lycoris")}
    return {"unet": unet, "text": text, "vae": lone, **loras}
