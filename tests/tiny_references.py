"""Small random IP-Adapters as their files are, with a CLIP image encoder: the keys of the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tiny import cast
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from streamv2v.frames import to_picture

ENCODER_WIDTH, VECTOR, PICTURE = 32, 24, 32
SORTS = ("plain", "plus", "full")


def tiny_image_encoder(seed: int = 0) -> Any:
    torch.manual_seed(300 + seed)
    settings = CLIPVisionConfig(
        hidden_size=ENCODER_WIDTH,
        intermediate_size=48,
        projection_dim=VECTOR,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=PICTURE,
        patch_size=8,
    )
    return cast(CLIPVisionModelWithProjection(settings), torch.float32)


def tiny_ip_adapter(unet: Any, sort: str = "plain", seed: int = 0) -> dict[str, dict[str, torch.Tensor]]:
    """Its weights, loud enough to be seen."""
    generator = torch.Generator().manual_seed(400 + seed)

    def noise(*shape: int, scale: float = 0.3) -> torch.Tensor:
        return scale * torch.randn(*shape, generator=generator)

    width = unet.config.cross_attention_dim
    layers: dict[str, torch.Tensor] = {}
    names = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    for number, name in enumerate(names):
        channels = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
        for part in ("to_k_ip", "to_v_ip"):
            layers[f"{2 * number + 1}.{part}.weight"] = noise(channels, width)
    return {"image_proj": _projection(sort, width, noise), "ip_adapter": layers}


def _projection(sort: str, width: int, noise: Any) -> dict[str, torch.Tensor]:
    norm = {"norm.weight": torch.ones(width), "norm.bias": torch.zeros(width)}
    if sort == "plain":
        return {"proj.weight": noise(4 * width, VECTOR), "proj.bias": noise(4 * width), **norm}
    if sort == "full":
        inner = ENCODER_WIDTH
        first = {"proj.0.weight": noise(inner, inner), "proj.0.bias": noise(inner)}
        second = {"proj.2.weight": noise(width, inner), "proj.2.bias": noise(width)}
        return {**first, **second, "proj.3.weight": torch.ones(width), "proj.3.bias": torch.zeros(width)}
    inner = 64
    found = {"latents": noise(1, 6, inner), "proj_in.weight": noise(inner, ENCODER_WIDTH), "proj_in.bias": noise(inner)}
    found |= {"proj_out.weight": noise(width, inner), "proj_out.bias": noise(width)}
    found |= {"norm_out.weight": torch.ones(width), "norm_out.bias": torch.zeros(width)}
    for number in range(4):
        attention, forward = f"layers.{number}.0", f"layers.{number}.1"
        for part in (f"{attention}.norm1", f"{attention}.norm2", f"{forward}.0"):
            found |= {f"{part}.weight": torch.ones(inner), f"{part}.bias": torch.zeros(inner)}
        found |= {f"{attention}.to_q.weight": noise(inner, inner), f"{attention}.to_kv.weight": noise(2 * inner, inner)}
        found |= {f"{attention}.to_out.weight": noise(inner, inner)}
        found |= {f"{forward}.1.weight": noise(4 * inner, inner), f"{forward}.3.weight": noise(inner, 4 * inner)}
    return found


def save_ip_adapter(folder: Path, unet: Any, sort: str = "plain", seed: int = 0) -> Path:
    """The adapter's file, with its encoder beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = tiny_ip_adapter(unet, sort, seed)
    flat = {f"{part}.{name}": weight for part, held in weights.items() for name, weight in held.items()}
    path = folder / f"ip-adapter-{sort}_tiny.safetensors"
    save_file(flat, str(path))
    tiny_image_encoder().save_pretrained(folder / "image_encoder")
    return path


def a_picture(seed: int = 8) -> np.ndarray:
    """A reference of loud blocks, RGB uint8 `[32, 32, 3]`."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(small, np.ones((4, 4, 1), dtype=np.uint8))


def drawn_by_diffusers(
    pipe: Any, sort: str, frame: np.ndarray, *, weight: float, strength: float, steps: int, seed: int, **asked: Any
) -> torch.Tensor:
    """The latents that diffusers' own image-to-image pipeline makes of a frame with an adapter and `a_picture()`.

    Args:
        pipe: without adapter and encoder, which it is given here.
        sort: of the adapter, one of `SORTS`.
        frame: RGB uint8 `[H, W, 3]`.
        weight: of the reference.
        asked: what else the pipeline is called with: prompt, guidance_scale.
    """
    square = {"height": PICTURE, "width": PICTURE}
    processor = CLIPImageProcessorPil(size={"shortest_edge": PICTURE}, crop_size=square)
    pipe.register_modules(feature_extractor=processor, image_encoder=tiny_image_encoder())
    pipe.load_ip_adapter(tiny_ip_adapter(pipe.unet, sort), subfolder="", weight_name="x.safetensors")
    pipe.set_ip_adapter_scale(weight)
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        image=to_picture(torch.from_numpy(frame)) / 2 + 0.5,
        ip_adapter_image=a_picture(),
        strength=strength,
        num_inference_steps=round(steps / strength),
        generator=torch.Generator().manual_seed(seed),
        output_type="latent",
        **asked,
    ).images
