"""Models of the real shapes with random weights: the same arithmetic, no file needed.

SD 1.5 (859.52 million parameters in the U-Net), SD-Turbo, which has the layout of SD 2.1 (865.91 million), and SDXL
(2567.46 million), each with TAESD (2.45 million) for pictures. The text encoders have the right widths but few layers:
they run once for each prompt, never once for each frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from streamv2v import Components, StreamConfig
from streamv2v.device.choosing import choose_device, choose_dtype
from streamv2v.stream.added_conditions import AddedConditions

TEXT_LENGTH = 77
TEXT_LAYERS = 2

FAMILY: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "act_fn": "silu",
    "flip_sin_to_cos": True,
    "freq_shift": 0,
}
"""What the U-Nets of SD 1.5 and SD 2.1 share."""
UNETS: dict[str, dict[str, Any]] = {
    # attention_head_dim is, for historical reasons, the number of heads
    "sd15": {**FAMILY, "cross_attention_dim": 768, "attention_head_dim": 8},
    "turbo": {
        **FAMILY,
        "cross_attention_dim": 1024,
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    "sdxl": {
        **FAMILY,
        "sample_size": 128,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "block_out_channels": (320, 640, 1280),
        "transformer_layers_per_block": (1, 2, 10),
        "cross_attention_dim": 2048,
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}
NO_CONTROL = ("sample_size", "out_channels", "up_block_types")
"""Of a U-Net's settings those that a ControlNet has not: it is the half that goes down."""
TEXT_WIDTHS = {"sd15": (768,), "turbo": (1024,), "sdxl": (768, 1280)}
"""Of each text encoder; with heads of 64."""
POOLED = 1280
"""Width of the vector of the whole prompt that SDXL's second text encoder gives."""
TAESD: dict[str, Any] = {
    "encoder_block_out_channels": (64, 64, 64, 64),
    "decoder_block_out_channels": (64, 64, 64, 64),
    "num_encoder_blocks": (1, 3, 3, 3),
    "num_decoder_blocks": (3, 3, 3, 1),
    "latent_channels": 4,
    "upsampling_scaling_factor": 2,
    "scaling_factor": 1.0,
}
BETAS: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
}
PREDICTIONS = ("epsilon", "v_prediction")


class LetterTokenizer:
    """Each character is a token: enough of a tokenizer for a text encoder whose weights are random."""

    model_max_length = TEXT_LENGTH
    vocabulary = 512
    bos_token_id = 0
    eos_token_id = pad_token_id = vocabulary - 1

    @property
    def backend_tokenizer(self) -> Any:
        """A `tokenizers.Tokenizer`."""
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers

        tokenizer = Tokenizer(models.WordLevel({chr(n): n for n in range(self.vocabulary)}, unk_token=chr(1)))
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
        return tokenizer


def make_unet(shape: str) -> Any:
    """The U-Net of `shape`, a name in `UNETS`, on the device and in the format that are torch's defaults now."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**UNETS[shape])


def make_structure(shape: str, name: str) -> Any:
    """A structure network for the U-Net of `shape`, "control" or "adapter", as `make_unet`."""
    from diffusers import ControlNetModel, T2IAdapter

    settings = UNETS[shape]
    if name == "adapter":
        channels = list(settings["block_out_channels"])
        if shape == "sdxl":  # one more for the middle, and a picture of half the size
            xl = {"adapter_type": "full_adapter_xl", "downscale_factor": 16}
            return T2IAdapter(in_channels=3, channels=[*channels, channels[-1]], **xl)
        return T2IAdapter(in_channels=1, channels=channels)
    return ControlNetModel(**{key: settings[key] for key in settings if key not in NO_CONTROL})


def make_vae() -> Any:
    """TAESD on torch's default device."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(**TAESD)


def make_text_encoders(shape: str) -> list[Any]:
    """The CLIP text encoders of the widths that `shape` wants, with few layers."""
    from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPTextModelWithProjection

    kinds: tuple[Any, ...] = (CLIPTextModel, CLIPTextModelWithProjection)
    return [kind(_text_settings(width)) for kind, width in zip(kinds, TEXT_WIDTHS[shape], strict=False)]


def _text_settings(width: int) -> Any:
    from transformers.models.clip.configuration_clip import CLIPTextConfig

    end = LetterTokenizer.vocabulary - 1
    return CLIPTextConfig(
        vocab_size=LetterTokenizer.vocabulary,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=width // 64,
        max_position_embeddings=TEXT_LENGTH,
        projection_dim=POOLED,
        bos_token_id=0,
        eos_token_id=end,
        pad_token_id=end,
    )


def random_components(shape: str, config: StreamConfig, *, prediction_type: str = "epsilon") -> Components:
    """Components of a real shape, made directly on the device and in the format that `config` asks for.

    Args:
        shape: a name in `UNETS`.
        config: device and dtype are read.
        prediction_type: "epsilon", as SD 1.5 and SD-Turbo answer, or "v_prediction", as SD 2.1 does.
    """
    from diffusers import LCMScheduler

    device = choose_device(config)
    dtype, why = choose_dtype(config, device)
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            modules = [make_unet(shape), make_vae(), *make_text_encoders(shape)]
    finally:
        torch.set_default_dtype(before)
    for module in modules:
        torch.nn.Module.to(module, dtype).eval().requires_grad_(False)
    unet, vae, text_encoder, *second = modules
    unet.to(memory_format=torch.channels_last)
    vae.to(memory_format=torch.channels_last)
    even_out(unet, vae)
    return Components(
        unet=unet,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=LetterTokenizer(),
        text_encoder_2=second[0] if second else None,
        tokenizer_2=LetterTokenizer() if second else None,
        zero_when_empty=bool(second),
        alphas_cumprod=LCMScheduler(**BETAS).alphas_cumprod.float().cpu(),
        prediction_type=prediction_type,
        facts={
            "model": f"{shape} shape, random weights",
            "device": str(device),
            "dtype": str(dtype).removeprefix("torch."),
            "dtype_reason": why,
            "loras": [],
            "parameters": sum(p.numel() for module in modules for p in module.parameters()),
        },
    )


@torch.inference_mode()
def even_out(unet: Any, vae: Any) -> None:
    """Scale each network's last layer so that latents have deviation 1 and pictures fill their range.

    Random layers fade what passes them. Left so, all pictures would be the same grey and a comparison of two
    ways to compute them would pass whatever they do.
    """
    generator, cells = torch.Generator().manual_seed(0), 16

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(unet.device, unet.dtype)

    channels, text_width = unet.config.in_channels, unet.config.cross_attention_dim
    step = torch.tensor([399.0], device=unet.device)
    # soft blobs, as pictures are: the decoder answers them more strongly than white noise
    picture = noise(1, 3, cells // 2, cells // 2).repeat_interleave(16, 2).repeat_interleave(16, 3)
    scale_last(vae.encoder, lambda: vae.encoder(picture), mean=0.0, deviation=1.0)
    # TAESD's decoder ends in 0..1 before it is stretched to -1..1
    scale_last(vae.decoder, lambda: vae.decoder(vae.encoder(picture)), mean=0.5, deviation=0.2)
    text = noise(1, TEXT_LENGTH, text_width)
    sample = noise(1, channels, cells, cells)
    more = AddedConditions(unet.config, 1, (cells, cells), device=unet.device).of(slice(0, 1), unet.dtype)
    scale_last(unet, lambda: unet(sample, step, encoder_hidden_states=text, **more), mean=0.0, deviation=1.0)


def scale_last(network: torch.nn.Module, call: Callable[[], Any], *, mean: float, deviation: float) -> None:
    """Scale the last convolution of `network` so that what it answers during `call()` has these moments."""
    last = getattr(network, "conv_out", None) or [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)][-1]
    seen: list[Tensor] = []
    hook = last.register_forward_hook(lambda _layer, _inputs, output: seen.append(output.float()))
    call()
    hook.remove()
    means = seen[0].mean((0, 2, 3))
    factor = deviation / float((seen[0] - means.view(1, -1, 1, 1)).std())
    last.weight.mul_(factor)
    if last.bias is not None:
        last.bias.copy_((last.bias.float() - means) * factor + mean)
