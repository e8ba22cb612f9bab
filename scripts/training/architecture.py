"""The parts that are trained together on latents: the U-Net and the text encoder, and their schedule."""

from __future__ import annotations

import torch
from diffusers import LCMScheduler, UNet2DConditionModel
from transformers.models.clip.configuration_clip import CLIPTextConfig
from transformers.models.clip.modeling_clip import CLIPTextModel
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.autoencoder import LATENT_CHANNELS
from training.tokenizer import MAX_TOKENS

TEXT_WIDTH = 128


def make_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A CLIP text encoder of three layers, about 0.7 million parameters."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=3 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            bos_token_id=int(tokenizer.bos_token_id),  # type: ignore[arg-type]
            eos_token_id=int(tokenizer.eos_token_id),  # type: ignore[arg-type]
            pad_token_id=int(tokenizer.pad_token_id),  # type: ignore[arg-type]
        )
    )


def make_unet(*, widths: tuple[int, int, int] = (96, 112, 128)) -> UNet2DConditionModel:
    """A U-Net with attention at 1/16 and 1/32 of the picture, in the middle, and once at 1/8, in the first block.

    The text reaches attention as usual and, pooled, every residual block as scale and shift
    (addition_embed_type "text", which needs no further input): lines are drawn in the blocks at
    1/8. The one attention there is where the feature bank acts (`recognising.py`); a second one would
    double its price.
    """
    return UNet2DConditionModel(
        sample_size=32,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=(1, 4, 4),  # type: ignore[arg-type]  # read as the number of heads
        norm_num_groups=16,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )


def make_scheduler() -> LCMScheduler:
    """The noise schedule: far gentler than Stable Diffusion's.

    At t = 500 the latent keeps 0.99 of the picture and takes 0.16 of noise, at t = 999 0.95 and
    0.30: a small model can re-draw what it sees, it can't dream back what noise has buried. The
    network answers with the clean latent itself: to change the picture by d, epsilon would have to
    be d a / s, several times as large, and a different size at every t; trained so, 17,000 examples
    had taught it one style, where the same network had five after 14,000 when it answered x0.
    """
    return LCMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00002,
        beta_end=0.0002,
        beta_schedule="scaled_linear",
        prediction_type="sample",
        original_inference_steps=50,
        set_alpha_to_one=True,
        steps_offset=1,
        clip_sample=False,
    )


def signal_and_noise() -> tuple[torch.Tensor, torch.Tensor]:
    """The coefficients a(t) and s(t) of picture and noise, float32 [1000] each."""
    kept = make_scheduler().alphas_cumprod.float()
    return kept.sqrt(), (1 - kept).sqrt()
