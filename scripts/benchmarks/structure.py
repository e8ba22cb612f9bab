"""Structure networks of the real shapes beside a model: the same arithmetic, random weights."""

from __future__ import annotations

from typing import Any

import torch

from streamv2v import Components
from streamv2v.models.structure_networks import StructureNetwork

from .shapes import make_structure

KINDS = {"control": "canny", "adapter": "canny"}
"""What each is shown."""


def steered(components: Components, shape: str, names: str) -> Components:
    """`components` with these networks, made where its U-Net is and in its format; they themselves without names.

    Args:
        shape: "sd15" or "turbo".
        names: of `STRUCTURES`, with "+" between them.
    """
    components.structure = tuple(random_network(components.unet, shape, name) for name in names.split("+") if name)
    return components


def random_network(unet: Any, shape: str, name: str) -> StructureNetwork:
    """One network."""
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(unet.dtype)
    try:
        with torch.device(unet.device):
            module = make_structure(shape, name)
    finally:
        torch.set_default_dtype(before)
    torch.nn.Module.to(module, unet.dtype).eval().requires_grad_(False)
    if unet.device.type != "meta":
        module.to(memory_format=torch.channels_last)
    return StructureNetwork(module, KINDS[name], name)
