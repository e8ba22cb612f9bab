"""Small random models of the Stable Diffusion family: real modules, a few thousand parameters, no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    ControlNetModel,
    ControlNetUnionModel,
    LCMScheduler,
    T2IAdapter,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from streamv2v import Components

TEXT_WIDTH = 16
WORDS = ["a", "pencil", "sketch", "oil", "painting", "red", "blue", "of", "man", "night"]


def tiny_unet(seed: int = 0, dtype: torch.dtype = torch.float32, **changes: Any) -> UNet2DConditionModel:
    """Three levels like the middle of SD 1.5: attention in all but the deepest blocks, plus the mid block."""
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": (16, 32, 32),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": TEXT_WIDTH,
        "attention_head_dim": 2,
        "norm_num_groups": 4,
        **changes,
    }
    return cast(UNet2DConditionModel(**settings), dtype)


def one_level_unet() -> UNet2DConditionModel:
    """Less to compile: one level and its middle, four layers with a bank."""
    one = {"down_block_types": ("CrossAttnDownBlock2D",), "up_block_types": ("CrossAttnUpBlock2D",)}
    return tiny_unet(block_out_channels=(16,), **one)


def tiny_controlnet(unet: Any, seed: int = 0, *, union: bool = False) -> Any:
    """A ControlNet for that U-Net whose answers are not the zeros that an untrained one gives."""
    torch.manual_seed(100 + seed)
    kind: Any = ControlNetUnionModel if union else ControlNetModel
    names = (
        "block_out_channels layers_per_block down_block_types cross_attention_dim attention_head_dim norm_num_groups "
        "transformer_layers_per_block use_linear_projection addition_embed_type addition_time_embed_dim "
        "projection_class_embeddings_input_dim"
    )
    settings = {name: unet.config[name] for name in names.split()}
    if union:
        settings["addition_time_embed_dim"] = settings.get("addition_time_embed_dim") or 8
        settings |= {"num_trans_channel": 16, "num_trans_head": 2, "num_control_type": 8, "num_proj_channel": 16}
    network = kind(**settings, conditioning_embedding_out_channels=(4, 8, 8, 8))
    return cast(_waking(network), unet.dtype)


def tiny_adapter(unet: Any, seed: int = 0, *, colours: int = 1) -> Any:
    """A T2I-Adapter for that U-Net."""
    torch.manual_seed(200 + seed)
    channels = list(unet.config["block_out_channels"])
    return cast(T2IAdapter(in_channels=colours, channels=channels, num_res_blocks=1), unet.dtype)


def _waking(network: Any) -> Any:
    """Zero weights, of which training would have made something, replaced by small random ones."""
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.2)
    return network


def cast(module: Any, dtype: torch.dtype) -> Any:
    """The module in another format; goes round diffusers' own `to`, which warns about every cast."""
    return torch.nn.Module.to(module, dtype).eval().requires_grad_(False)


def tiny_vae(seed: int = 0, kind: str = "tiny") -> Any:
    torch.manual_seed(seed)
    if kind == "kl":
        return AutoencoderKL(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            norm_num_groups=4,
            layers_per_block=1,
        ).eval()
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
        latent_channels=4,
    ).eval()


def tiny_text_encoder(seed: int = 0, width: int = TEXT_WIDTH, layers: int = 2) -> CLIPTextModel:
    torch.manual_seed(seed)
    settings = CLIPTextConfig(
        vocab_size=200,
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=16,
        projection_dim=width,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return CLIPTextModel(settings).eval()


def tiny_tokenizer(folder: Path) -> CLIPTokenizer:
    """A word-piece of a tokenizer: single letters and a few whole words."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)] + list("0123456789")
    merges: list[str] = []
    pieces: list[str] = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            merge = f"{parts[0]} {parts[1]}"
            parts = [parts[0] + parts[1], *parts[2:]]
            if merge not in merges:
                merges.append(merge)
                pieces.append(parts[0])
    vocabulary = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters), *pieces]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(
        json.dumps({piece: number for number, piece in enumerate(dict.fromkeys(vocabulary))})
    )
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16)


def scheduler_config(**changes: Any) -> dict[str, Any]:
    return {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "num_train_timesteps": 1000,
        "original_inference_steps": 50,
        "steps_offset": 1,
        **changes,
    }


def tiny_components(
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    prediction_type: str = "epsilon",
    vae: str = "tiny",
    unet: Any = None,
    seed: int = 0,
) -> Components:
    """Components as the loader would give them."""
    scheduler = LCMScheduler(**scheduler_config(prediction_type=prediction_type))
    return Components(
        unet=unet or tiny_unet(seed, dtype),
        vae=cast(tiny_vae(seed, vae), dtype),
        text_encoder=cast(tiny_text_encoder(seed), dtype),
        tokenizer=tiny_tokenizer(folder / "tokenizer"),
        alphas_cumprod=scheduler.alphas_cumprod,
        prediction_type=prediction_type,
    )


def save_tiny_model(folder: Path, *, scheduler: Any = None, unet: Any = None, vae: str = "tiny", seed: int = 0) -> Path:
    """An ordinary diffusers folder with random weights."""
    from diffusers import StableDiffusionPipeline

    tokenizer = tiny_tokenizer(folder / "tokenizer")
    pipe = StableDiffusionPipeline(
        vae=tiny_vae(seed, vae),
        text_encoder=tiny_text_encoder(seed),
        tokenizer=tokenizer,
        unet=unet or tiny_unet(seed),
        scheduler=scheduler or LCMScheduler(**scheduler_config()),
        safety_checker=None,  # type: ignore[arg-type]
        feature_extractor=None,  # type: ignore[arg-type]
        requires_safety_checker=False,
    )
    pipe.save_pretrained(str(folder), safe_serialization=True)
    return folder
