"""Weight files as people bring them, made on the spot: small, with random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from streamv2v import ModelError

SMALL: dict[str, Any] = {"width": 64, "height": 64, "dtype": "float32", "device": "cpu", "offline": True}
LAYER = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
UNET_WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


def named(path: Path, *names: str, **shapes: tuple[int, ...]) -> Path:
    """A safetensors file with tensors of those names."""
    save_file({name: torch.ones(shapes.get(name, (2, 2))) for name in (*names, *shapes)}, path)
    return path


def plain_lora(path: Path, layer: str = LAYER, width: int = 16, **other: torch.Tensor) -> Path:
    """A kohya LoRA of rank 2 for one square layer, and other tensors beside it."""
    generator = torch.Generator().manual_seed(1)
    save_file(
        {
            f"{layer}.lora_down.weight": torch.randn(2, width, generator=generator),
            f"{layer}.lora_up.weight": torch.randn(width, 2, generator=generator),
            f"{layer}.alpha": torch.tensor(2.0),
            **other,
        },
        path,
    )
    return path


def refusal_of(work: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(ModelError) as raised:
        work(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)
