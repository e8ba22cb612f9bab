"""The encoder, computed instead of trained: the best linear code of 8 x 8 pixel patches.

The 16 latent channels of a cell are the first 16 principal components of its 192 numbers, over
photos and targets alike, half whitened: weak components are raised (by the root of the root of
their variance), so that the denoiser's noise doesn't bury fine detail first. An AutoencoderTiny
encoder without blocks is a chain of convolutions without activations, so it holds this map exactly,
but for one bottleneck of 32 channels at a quarter of the size, which keeps 32 of 48 components.
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray

from training.data import Cache

# Raw latents then lie within about +-2, where the decoder's tanh(x / 3) is nearly straight.
RAW_DEVIATION = 0.25


def sample_patches(cache: Cache, *, seed: int, count: int = 60000) -> NDArray[np.float64]:
    """Aligned 8 x 8 patches of photos and targets, half and half, in 0..1, [n, 8, 8, 3]."""
    rng = np.random.default_rng(seed)
    crops, kinds, size = cache.targets.shape[:3]
    pictures = max(2, count // 256)
    patches = []
    for _ in range(pictures):
        n, k = int(rng.integers(crops)), int(rng.integers(kinds))
        picture = cache.sources[n] if rng.random() < 0.5 else cache.targets[n, k]
        cells = size // 8
        grid = picture.reshape(cells, 8, cells, 8, 3).swapaxes(1, 2).reshape(-1, 8, 8, 3)
        patches.append(grid[rng.integers(0, len(grid), min(256, len(grid)))])
    return np.concatenate(patches).astype(np.float64) / 255.0


def components(rows: NDArray[np.float64], *, count: int) -> tuple[NDArray, NDArray]:
    """The first principal directions [count, D] of rows [n, D] and their deviations [count]."""
    centred = rows - rows.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
    order = np.argsort(values)[::-1][:count]
    directions = vectors[:, order].T
    # The sign of an eigenvector is the library's choice; ours makes its largest number positive.
    peak = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return directions * np.sign(peak), np.sqrt(np.maximum(values[order], 1e-12))


def set_encoder(vae: AutoencoderTiny, patches: NDArray[np.float64]) -> NDArray[np.float32]:
    """Write the linear code into the encoder's convolutions.

    Returns the mean colour of a cell as a function of its latent: [3, C + 1], last column constant.
    """
    channels = vae.config.latent_channels  # type: ignore[attr-defined]
    rows = patches.reshape(len(patches), -1)
    code, deviation = components(rows, count=channels)
    scale = deviation**-0.5
    scale *= RAW_DEVIATION / np.sqrt(np.mean((scale * deviation) ** 2))
    quarters = patches.reshape(-1, 2, 4, 2, 4, 3).swapaxes(2, 3).reshape(-1, 48)
    convolutions = [m for m in vae.encoder.layers if isinstance(m, torch.nn.Conv2d)]
    width = convolutions[2].out_channels
    kept, _ = components(quarters, count=min(width, 48))
    first, half, quarter, eighth, last = (torch.zeros_like(c.weight) for c in convolutions)
    for colour in range(3):
        first[colour, colour, 1, 1] = 1
        for y in range(2):
            for x in range(2):
                half[colour + 3 * (2 * y + x), colour, 1 + y, 1 + x] = 1
    fine = torch.from_numpy(kept).float().view(len(kept), 2, 2, 2, 2, 3)  # [out, Y, y, X, x, rgb]
    coarse = torch.from_numpy(scale[:, None] * code).float().view(channels, 2, 4, 2, 4, 3)
    coarse = coarse.permute(0, 1, 3, 2, 4, 5).reshape(channels, 2, 2, 48) @ torch.from_numpy(kept.T).float()
    for y in range(2):
        for x in range(2):
            quarter[: len(kept), :12, 1 + y, 1 + x] = fine[:, y, :, x].reshape(len(kept), 12)
            eighth[:channels, : len(kept), 1 + y, 1 + x] = coarse[:, y, x]
    for channel in range(channels):
        last[channel, channel, 1, 1] = 1
    middle = scale * (code @ rows.mean(axis=0))
    with torch.no_grad():
        for convolution, weight in zip(convolutions, (first, half, quarter, eighth, last), strict=True):
            convolution.weight.copy_(weight)
            if convolution.bias is not None:
                convolution.bias.zero_()
        convolutions[-1].bias.copy_(torch.from_numpy(-middle))  # type: ignore[union-attr]
    vae.encoder.requires_grad_(False)
    back = (code / scale[:, None]).reshape(channels, 64, 3).mean(axis=1).T
    mean = rows.mean(axis=0).reshape(64, 3).mean(axis=0)
    return np.concatenate([back, mean[:, None]], axis=1).astype(np.float32)


def set_colour_path(vae: AutoencoderTiny, colour: NDArray[np.float32]) -> None:
    """Let the decoder start as a smooth enlargement of each cell's mean colour.

    Three of its channels carry RGB from end to end; a decoder that starts at random learns
    luminance long before colour.
    """
    smooth = torch.tensor([0.25, 0.5, 0.25])
    kernel = smooth[:, None] * smooth[None, :]
    matrix = torch.from_numpy(colour)
    layers = list(vae.decoder.layers)
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, torch.nn.Conv2d) and layer.weight.requires_grad:
                layer.weight[:3] = 0
                for channel in range(3):
                    if layer is layers[0]:
                        layer.weight[channel, :, 1, 1] = matrix[channel, :-1]
                        layer.bias[channel] = matrix[channel, -1]  # type: ignore[index]
                    else:
                        layer.weight[channel, channel] = kernel
            elif hasattr(layer, "conv"):
                layer.conv[-1].weight[:3] = 0  # type: ignore[union-attr,index]
                layer.conv[-1].bias[:3] = 0  # type: ignore[union-attr,index]
