"""What the denoiser's answers are held against, on latents.

An error of each cell alone is smallest for the mean of all strokes that might stand there, which is no stroke at all.
So the energy of the detail around a place counts beside it: which strokes they are is partly the model's choice, that
there are strokes is not.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F

from training.latents import CELL
from training.strokes import COARSE, FINE
from training.toning import LUMINANCE

WINDOW = 4
"""Cells a side over which the energy of detail is taken: 32 pixels."""


def latent_loss(answer: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Smooth L1 on the latents and on their differences between neighbouring cells.

    Args:
        answer, wanted: [..., C, h, w].
        weight: how much each cell counts, [..., 1, h, w].
    """
    error = answer - wanted
    down, across = error[..., 1:, :] - error[..., :-1, :], error[..., :, 1:] - error[..., :, :-1]
    terms = (
        (F.smooth_l1_loss(e, torch.zeros_like(e), beta=0.1, reduction="none") * w).mean()
        for e, w in ((error, weight), (down, weight[..., 1:, :]), (across, weight[..., :, 1:]))
    )
    whole, *edges = terms
    return whole + 0.25 * sum(edges)


def detail_energy(latents: torch.Tensor) -> torch.Tensor:
    """How strongly latents [N, C, h, w] vary around the mean of their window: [N, C, h', w'], in their own unit."""
    size, stride = min(WINDOW, *latents.shape[-2:]), max(1, WINDOW // 2)
    mean, square = F.avg_pool2d(latents, size, stride), F.avg_pool2d(latents.square(), size, stride)
    return ((square - mean.square()).clamp(min=0) + 1e-3).sqrt()


def stroke_loss(answer: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How far the energy of the answer's detail is from what was wanted; latents [..., C, h, w]."""
    drawn, asked = (detail_energy(latents.flatten(0, -4)) for latents in (answer, wanted))
    return F.smooth_l1_loss(drawn, asked, beta=0.1)


def picture_strokes(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How far the strength of strokes of 2 to 8 pixels is from what was wanted; pictures [B, 3, H, W] in -1..1."""
    one, other = (_stroke_strength(pictures) for pictures in (drawn, wanted))
    return (one - other).abs().mean()


def _stroke_strength(pictures: torch.Tensor) -> torch.Tensor:
    """Root mean square of the strokes in windows of 16 pixels, [B, 1, h, w]."""
    grey = (pictures * pictures.new_tensor(LUMINANCE)[:, None, None]).sum(dim=1, keepdim=True)
    band = F.conv2d(grey, _strokes_alone().to(grey))
    return (F.avg_pool2d(band.square(), 16, 8) + 1e-5).sqrt()


def lattice_excess(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How much stronger a pattern that repeats from cell to cell is than in what was wanted; pictures as above.

    A decoder that is to draw strokes of which its latents say little can draw the same ones in each cell.
    """
    one, other = (_repeated(pictures) for pictures in (drawn, wanted))
    return (one - other).clamp(min=0).mean()


def _repeated(pictures: torch.Tensor) -> torch.Tensor:
    """Root mean square of what the cells of a window of 32 pixels have in common, without their mean, [B, 3, h, w]."""
    phases = F.pixel_unshuffle(pictures, CELL)
    common = F.avg_pool2d(phases, WINDOW, WINDOW // 2).unflatten(1, (-1, CELL * CELL))
    return (common.var(dim=2, correction=0) + 1e-6).sqrt()


@cache
def _strokes_alone() -> torch.Tensor:
    """The filter of `strokes.stroke_energy` as one kernel, [1, 1, K, K]."""
    reach = torch.arange(-7, 8, dtype=torch.float32)
    fine, coarse = (torch.softmax(-(reach**2) / (2 * deviation**2), dim=0) for deviation in (FINE, COARSE))
    return (torch.outer(fine, fine) - torch.outer(coarse, coarse))[None, None]
