"""The arithmetic of a frame by shape: counted, so that it needs no device at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .cases import SHAPES, bank_of
from .tables import markdown

STEERED = ("control", "adapter")
"""Structure networks, counted beside the bank of the paper, answering every frame."""
BANKS_COUNTED = ("off", "ea", "ea+ff", "dyme", "window", "queue")
"""Spread, best and fp8 do the same products as dyme."""
PLACES: list[tuple[str, int, int, Sequence[int]]] = [
    ("sd15", 512, 512, (1, 2, 4)),
    ("sd15", 768, 512, (1, 4)),
    ("sd15", 768, 768, (1, 4)),
    ("sd15", 1024, 576, (1, 4)),
    ("turbo", 512, 512, (1, 2, 4)),
    ("sdxl", 512, 512, (1,)),
    ("sdxl", 1024, 576, (1,)),
    ("embedded", 256, 256, (1, 2, 4)),
    ("embedded", 384, 288, (1, 2)),
]
UPDATE_EVERY = 4


def count_all() -> list[dict[str, Any]]:
    """TFLOP of a frame for every shape, size, number of slots and bank."""
    return [
        {
            "model": model,
            "width": width,
            "height": height,
            "slots": slots,
            "tflop": counted(model, width, height, slots),
        }
        for model, width, height, every in PLACES
        for slots in every
    ]


def counted(model: str, width: int, height: int, slots: int) -> dict[str, float]:
    """TFLOP of a frame, bank by bank."""
    from streamv2v import StreamConfig

    from .flops import frame_flops
    from .structure import random_network

    unet, vae, text_tokens = networks(model)
    found: dict[str, float] = {}
    for bank in BANKS_COUNTED:
        config = StreamConfig(model=model, width=width, height=height, slots=slots, bank=bank_of(bank))
        found[bank] = frame_flops(unet, vae, config, interval=UPDATE_EVERY, text_tokens=text_tokens) / 1e12
    for name in STEERED if model in SHAPES else ():
        config = StreamConfig(model=model, width=width, height=height, slots=slots, bank=bank_of("dyme"))
        given: dict[str, Any] = {"interval": UPDATE_EVERY, "text_tokens": text_tokens}
        flops = frame_flops(unet, vae, config, structure=[random_network(unet, model, name)], **given)
        found[f"dyme + {name}"] = flops / 1e12
    return found


def networks(model: str) -> tuple[Any, Any, int]:
    """U-Net and VAE of a shape, without numbers, or of the embedded model, and the tokens of its prompts."""
    import torch

    from streamv2v import StreamConfig, load_components

    from .flops import TEXT_TOKENS
    from .shapes import make_unet, make_vae

    if model in SHAPES:
        with torch.device("meta"):
            return make_unet(model), make_vae(), TEXT_TOKENS
    components = load_components(StreamConfig(model=model, device="cpu"))
    return components.unet, components.vae, components.tokenizer.model_max_length


def arithmetic_table(rows: Sequence[dict[str, Any]]) -> str:
    """One line for each shape, size and number of slots."""
    columns = [*BANKS_COUNTED, *(f"dyme + {name}" for name in STEERED)]
    lines = [
        [row["model"], f"{row['width']}x{row['height']}", str(row["slots"])]
        + [cell(row["tflop"].get(name), 4 if row["model"] == "embedded" else 2) for name in columns]
        for row in rows
    ]
    return markdown(["model", "size", "slots", *columns], lines)


def cell(tflop: float | None, places: int) -> str:
    return "-" if tflop is None else f"{tflop:.{places}f}"
