"""The last enlargement of a tiny decoder, drawn at half the size.

AutoencoderTiny's decoder enlarges its last features, passes them through a convolution of their whole width at the
size of the picture, and makes the picture of them by another. Where no block stands between the two and the first
one mixes channels alone, both and the enlargement are one convolution at half the size with four results for each
place, one for each of the four pixels there: the same numbers but for rounding, at a twelfth of the arithmetic.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

SCALE = 2


@torch.no_grad()
def fold_last_upsampling(vae: Any) -> bool:
    """Fold the last layers of `vae`'s decoder into one where that is exact; whether it was.

    Decoders of another kind, or with anything else at the end, are left as they are.
    """
    layers = getattr(getattr(vae, "decoder", None), "layers", None)
    if not isinstance(layers, nn.Sequential) or (last := _foldable(list(layers)[-3:])) is None:
        return False
    mix, draw = last
    kernel = torch.einsum("omyx,mi->oiyx", draw.weight.float(), mix.weight[..., 1, 1].float())
    channels = SCALE**2 * draw.out_channels
    place: dict[str, Any] = {"device": draw.weight.device, "dtype": draw.weight.dtype}
    folded = nn.Conv2d(mix.in_channels, channels, 3, padding=1, bias=draw.bias is not None, **place)
    folded.weight.copy_(_of_four_pixels(kernel))
    if draw.bias is not None and folded.bias is not None:
        folded.bias.copy_(draw.bias.repeat_interleave(SCALE**2))
    folded.requires_grad_(draw.weight.requires_grad)
    vae.decoder.layers = nn.Sequential(*list(layers)[:-3], folded, nn.PixelShuffle(SCALE)).train(layers.training)
    return True


def _foldable(last: list[nn.Module]) -> tuple[nn.Conv2d, nn.Conv2d] | None:
    """The two convolutions of a decoder's last three layers, where they can be folded."""
    if len(last) < 3 or not _doubles(last[0]):
        return None
    mix, draw = last[1:]
    if not (_is_plain(mix) and _is_plain(draw) and mix.bias is None and _is_pointwise(mix)):
        return None
    return mix, draw


def _of_four_pixels(kernel: Tensor) -> Tensor:
    """The 3x3 kernel `[O, I, 3, 3]` on features enlarged twice, as one on the features: `[4 O, I, 3, 3]`.

    Pixel 2i + a sees, with tap k in -1..1, the feature (2i + a + k) // 2. Outputs lie as `PixelShuffle` reads them.
    """
    taps = torch.zeros(SCALE, 3, 3, dtype=kernel.dtype, device=kernel.device)
    for a in range(SCALE):
        for k in (-1, 0, 1):
            taps[a, (a + k) // SCALE + 1, k + 1] = 1
    return torch.einsum("ayk,bxl,oikl->oabiyx", taps, taps, kernel).flatten(0, 2)


def _doubles(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Upsample) and layer.mode == "nearest" and layer.scale_factor in (2, (2.0, 2.0))


def _is_plain(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Whether it is a 3x3 convolution as the decoder has them, without hooks or adapters."""
    return (
        type(layer) is nn.Conv2d
        and (layer.kernel_size, layer.padding, layer.stride) == ((3, 3), (1, 1), (1, 1))
        and (layer.dilation, layer.groups, layer.padding_mode) == ((1, 1), 1, "zeros")
        and not (layer._forward_hooks or layer._forward_pre_hooks)
    )


def _is_pointwise(layer: nn.Conv2d) -> bool:
    """Whether all taps but the middle one are 0; with others, the edge of the picture would come out differently."""
    around = layer.weight.detach().clone()
    around[..., 1, 1] = 0
    return not bool(around.any())
