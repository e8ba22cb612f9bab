"""A small random model of the SDXL family: both text encoders, the U-Net that is told sizes, a tiny autoencoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import LCMScheduler, StableDiffusionXLPipeline
from tiny import cast, scheduler_config, tiny_text_encoder, tiny_tokenizer, tiny_unet, tiny_vae
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from streamv2v import Components

FIRST, SECOND, POOLED, TOLD = 16, 24, 8, 4
"""Widths: of the two encoders' texts, of the vector of the whole, and of one number of the size."""


def sdxl_unet(seed: int = 0, dtype: torch.dtype = torch.float32, **changes: Any) -> Any:
    """The shape of SDXL's: no attention in the first level, several blocks a layer in the deeper ones."""
    settings: dict[str, Any] = {
        "block_out_channels": (16, 32),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2),
        "use_linear_projection": True,
        "cross_attention_dim": FIRST + SECOND,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": TOLD,
        "projection_class_embeddings_input_dim": POOLED + 6 * TOLD,
        **changes,
    }
    return tiny_unet(seed, dtype, **settings)


def second_text_encoder(seed: int = 1) -> Any:
    torch.manual_seed(seed)
    settings = CLIPTextConfig(
        vocab_size=200,
        hidden_size=SECOND,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=16,
        projection_dim=POOLED,
        hidden_act="gelu",
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    return CLIPTextModelWithProjection(settings).eval()


def second_tokenizer(folder: Path) -> Any:
    """The words of the first, filled up with a letter as SDXL's is with "!"."""
    tokenizer = tiny_tokenizer(folder)
    tokenizer.pad_token = "a"
    return tokenizer


def sdxl_pipe(folder: Path, *, unet: Any = None, vae: str = "tiny", scheduler: Any = None, **settings: Any) -> Any:
    """A StableDiffusionXLPipeline of random parts; its tokenizers lie in `folder`."""
    return StableDiffusionXLPipeline(
        vae=tiny_vae(0, vae),
        text_encoder=tiny_text_encoder(0, FIRST, layers=3),
        text_encoder_2=second_text_encoder(),
        tokenizer=tiny_tokenizer(folder / "tokenizer"),
        tokenizer_2=second_tokenizer(folder / "tokenizer_2"),
        unet=unet or sdxl_unet(),
        scheduler=scheduler or LCMScheduler(**scheduler_config()),
        add_watermarker=False,
        **settings,
    )


def save_sdxl(folder: Path, **settings: Any) -> Path:
    """An ordinary diffusers folder of the family with random weights."""
    sdxl_pipe(folder, **settings).save_pretrained(str(folder), safe_serialization=True)
    return folder


def sdxl_components(pipe: Any, dtype: torch.dtype = torch.float32) -> Components:
    """Components as the loader would give them."""
    return Components(
        unet=cast(pipe.unet, dtype),
        vae=cast(pipe.vae, dtype),
        text_encoder=cast(pipe.text_encoder, dtype),
        text_encoder_2=cast(pipe.text_encoder_2, dtype),
        tokenizer=pipe.tokenizer,
        tokenizer_2=pipe.tokenizer_2,
        zero_when_empty=pipe.config.force_zeros_for_empty_prompt,
        alphas_cumprod=pipe.scheduler.alphas_cumprod,
        prediction_type="epsilon",
    )
