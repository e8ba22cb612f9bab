"""StreamV2V as a library: frames in, frames of another look out, without flicker.

    from streamv2v import Controls, StreamConfig, StreamV2V

    with StreamV2V.from_pretrained(StreamConfig(width=256, height=256)) as engine:
        look = Controls(prompt="a charcoal drawing")
        styled = list(engine.translate(clip, look))        # uint8 [H, W, 3] in and out

Axis letters, everywhere: B rows of the stream batch (slots), N tokens of a layer, M tokens of its
bank, C channels, H W picture pixels, h w latent cells (1/8 of the pixels).

Names load on first use: importing `streamv2v.controls` or `streamv2v.config` never imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import BankConfig, Lora, StreamConfig
    from .controls import Controls, describe_controls
    from .errors import ConfigError, ControlError, FrameError, ModelError, StreamV2VError
    from .models.loading import Components, load_components
    from .pipeline import StreamV2V
    from .steering import Structure

_HOMES = {
    "BankConfig": "config",
    "Components": "models.loading",
    "ConfigError": "errors",
    "ControlError": "errors",
    "Controls": "controls",
    "FrameError": "errors",
    "Lora": "config",
    "ModelError": "errors",
    "StreamConfig": "config",
    "StreamV2V": "pipeline",
    "StreamV2VError": "errors",
    "Structure": "steering",
    "describe_controls": "controls",
    "load_components": "models.loading",
}

__all__ = [
    "BankConfig",
    "Components",
    "ConfigError",
    "ControlError",
    "Controls",
    "FrameError",
    "Lora",
    "ModelError",
    "StreamConfig",
    "StreamV2V",
    "StreamV2VError",
    "Structure",
    "describe_controls",
    "load_components",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'streamv2v' has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
