"""Layers of a U-Net that keep float32 where the rest runs in 16 bits, as the model's folder asks.

A layer that takes the small difference of two large numbers loses it in bfloat16, whose mantissa has 8 bits, and what
it gives back flickers with the rounding. The embedded model's first attention is one: it alone in float32 took a third
off the flicker of a clean recording (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from ..errors import ModelError
from .hub import LAYERS_FILE


def run_in_float32(unet: nn.Module, names: Iterable[str]) -> list[str]:
    """Give the named layers float32 weights; they take and give what the layers around them do.

    Layers that have at least float32 already are left alone.

    Returns:
        the names that were changed.
    Raises:
        ModelError: the U-Net has no layer of that name.
    """
    changed = []
    for name in names:
        try:
            layer = unet.get_submodule(name)
        except AttributeError as error:
            raise ModelError(f"{LAYERS_FILE} names the layer {name!r}, which this U-Net does not have.") from error
        dtype = next(layer.parameters()).dtype
        if dtype not in (torch.bfloat16, torch.float16):
            continue
        layer.float()
        layer.register_forward_pre_hook(_widen, with_kwargs=True)
        layer.register_forward_hook(_Narrow(dtype))
        changed.append(name)
    return changed


def _widen(_layer: nn.Module, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    return _cast(args, torch.float32), _cast(kwargs, torch.float32)


class _Narrow:
    """The hook that gives a layer's answer back in the number format of its surroundings."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype

    def __call__(self, _layer: nn.Module, _args: tuple, answer: Any) -> Any:
        return _cast(answer, self._dtype)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    """`value` with every floating-point tensor in it as `dtype`; tuples and dictionaries keep their kind."""
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, dict):
        # diffusers' outputs are dictionaries with attributes
        return type(value)(**{key: _cast(part, dtype) for key, part in value.items()})
    if isinstance(value, (tuple, list)):
        return type(value)(_cast(part, dtype) for part in value)
    return value
