"""An IP-Adapter (arXiv:2308.06721) put into a U-Net by diffusers' own loader, with the encoder of its pictures.

diffusers projects the encoded picture in every call of the U-Net. Here it is projected once, when it is encoded, and
the U-Net is given what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..config import StreamConfig
from ..errors import ModelError
from .asking import Warn
from .hub import Progress
from .ip_adapter_files import PLAIN, FoundAdapter, check_adapter_fits, check_ip_adapter, find_adapter
from .parts import as_model_error, check_finite, is_half, load_part


@dataclass(frozen=True)
class ReferenceAdapter:
    """What sees reference pictures.

    Attributes:
        encoder: a `CLIPVisionModelWithProjection`.
        projection: encoded picture -> the tokens that the U-Net reads.
        processor: prepares pictures for `encoder`, a `CLIPImageProcessorPil`.
        by_vector: whether the encoder's one vector is projected, and not its tokens.
        source: what the person called it.
    """

    encoder: Any
    projection: Any
    processor: Any
    by_vector: bool
    source: str


def load_ip_adapter(
    config: StreamConfig, pipe: Any, place: Mapping[str, Any], progress: Progress, warn: Warn
) -> ReferenceAdapter | None:
    """Put what `config.ip_adapter` names into the pipeline's U-Net; None where it names nothing.

    Args:
        pipe: a pipeline of diffusers with `IPAdapterMixin`.
        place: device and dtype, as a module's `to` takes them.
        warn: told of what was accepted with a loss.
    Raises:
        ModelError: it cannot be had, is not whole or fits another model.
    """
    if config.ip_adapter is None:
        return None
    check_ip_adapter(config)
    progress(f"loading {config.ip_adapter}", None)
    found = find_adapter(config, half=is_half(place["dtype"]), warn=warn)
    check_adapter_fits(found, dict(pipe.unet.config))
    weights = _weights(found, place["dtype"])
    with as_model_error(f"The IP-Adapter {found.path.name}"):
        pipe.load_ip_adapter(weights, subfolder="", weight_name=found.path.name, image_encoder_folder=None)
    encoder = _encoder(found, place["dtype"])
    adapter = taken_over(pipe.unet, encoder, by_vector=found.sort == PLAIN, source=config.ip_adapter)
    for module in (adapter.encoder, adapter.projection):
        module.to(**place).eval().requires_grad_(False)
    return adapter


def taken_over(unet: Any, encoder: Any, *, by_vector: bool, source: str) -> ReferenceAdapter:
    """What diffusers has put into `unet`, with its projection taken out.

    Args:
        encoder: of its pictures.
        by_vector: as in `ReferenceAdapter`.
    """
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil  # needs no torchvision

    projection = unet.encoder_hid_proj.image_projection_layers[0]
    unet.encoder_hid_proj = torch.nn.Identity()
    size = encoder.config.image_size
    processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
    return ReferenceAdapter(encoder, projection, processor, by_vector, source)


def _weights(found: FoundAdapter, dtype: torch.dtype) -> dict[str, dict[str, Any]]:
    from safetensors.torch import load_file

    parts: dict[str, dict[str, Any]] = {"image_proj": {}, "ip_adapter": {}}
    for name, weight in load_file(str(found.path)).items():
        part, _, rest = name.partition(".")
        if part in parts:
            if not bool(torch.isfinite(weight).all()):
                raise ModelError(f"{found.path.name} holds numbers that are none (not-a-number, infinite) in {name}.")
            parts[part][rest] = weight.to(dtype)
    return parts


def _encoder(found: FoundAdapter, dtype: torch.dtype) -> Any:
    from transformers.models.clip.modeling_clip import CLIPVisionModelWithProjection

    encoder = load_part(CLIPVisionModelWithProjection, found.encoder, dtype)
    check_finite(encoder, f"The image encoder {found.encoder}")
    return encoder
