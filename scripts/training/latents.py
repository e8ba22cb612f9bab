"""Training batches of the denoiser: pairs of frames, their targets, and the words between.

Each pair is an earlier and a later frame of one scene as a webcam films it: the picture stands still or
moves a little, the noise is new. The target moves with the picture and is never drawn twice, so strokes stick to
what they were drawn for. The later frame is shown with the earlier one in the feature bank (`remembering.py`). The
encoder is linear and cheap, so pictures are encoded as they are drawn from the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny

from training.asking import random_request
from training.data import Cache
from training.teachers import STYLES
from training.toning import tone
from training.webcam import filmed, random_webcam

CELL = 8
"""Pixels a side of a cell of the latents."""
# Chances of what happens between the two frames of a pair.
MOTIONS = {"still": 0.14, "cells": 0.06, "pixels": 0.1, "zoom": 0.05, "cut": 0.65}
# How often a crop is placed to show the face, where there is one, and how much more its cells weigh.
FACED, FACE_WEIGHT = 0.6, 3.0


@dataclass(frozen=True)
class Batch:
    """What one step learns from: P pairs; the first axis is (earlier, later).

    `seen` [2, P, C, h, w] are latents of the frames as filmed, `source` and `target` those of the clean frame and
    of its styled version, of about unit variance; `pixels` [2, P, 2, 3, 8h, 8w] holds the last two as pictures
    in -1..1. `weight` [2, P, 1, h, w] says how much each cell counts, 1 in the mean of a frame. `shift` [2, P, 2] is
    how many cells down and right the frame has moved on the picture, where `same` [2, P] says that the later frame
    shows the place of the earlier one on the grid of cells. `prompts` has one entry a pair.
    """

    seen: torch.Tensor
    source: torch.Tensor
    target: torch.Tensor
    pixels: torch.Tensor
    weight: torch.Tensor
    shift: torch.Tensor
    same: torch.Tensor
    prompts: list[str]


@torch.no_grad()
def encode(vae: AutoencoderTiny, pictures: torch.Tensor) -> torch.Tensor:
    """Latents of about unit variance [B, C, h, w] of pictures [B, 3, 8h, 8w] in -1..1."""
    factor = vae.config.scaling_factor  # type: ignore[attr-defined]
    if (patch := _one_convolution(vae)) is None:
        return vae.encoder(pictures) * factor
    return F.conv2d(pictures, *patch, stride=CELL) * factor


@cache
def _one_convolution(vae: AutoencoderTiny) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Weight [C, 3, 8, 8] and bias of the convolution that a linear encoder of separate cells amounts to, or None.

    The computed encoder (`principal.py`) is five convolutions to the engine; as one it takes a fiftieth of the time.
    """
    seen = torch.zeros(1, 3, 3 * CELL, 3 * CELL, requires_grad=True)
    with torch.enable_grad():
        middle = vae.encoder(seen)[0, :, 1, 1]
        reach = torch.stack([torch.autograd.grad(m, seen, retain_graph=True)[0][0] for m in middle])
    weight, bias = reach[..., CELL : 2 * CELL, CELL : 2 * CELL].contiguous(), middle.detach()
    trial = torch.rand(2, 3, 4 * CELL, 4 * CELL, generator=torch.Generator().manual_seed(0)) * 2 - 1
    same = torch.allclose(F.conv2d(trial, weight, bias, stride=CELL), vae.encoder(trial), atol=1e-4)
    return (weight, bias) if same else None


def latent_batch(
    caches: Sequence[Cache],
    vae: AutoencoderTiny,
    rng: np.random.Generator,
    *,
    pairs: int,
    cells: int,
    motions: Mapping[str, float] = MappingProxyType(MOTIONS),
) -> Batch:
    """Random pairs from any of the caches, each as often as it has crops.

    `motions` are the chances of what happens between the two frames.
    """
    side = CELL * cells
    pixels = np.empty((2, pairs, 3, side, side, 3), np.uint8)
    weight = np.ones((2, pairs, 1, cells, cells), np.float32)
    shift, same = np.zeros((2, pairs, 2), np.int64), np.zeros((2, pairs), bool)
    counts = np.array([len(cache.sources) for cache in caches], float)
    prompts = []
    for i in range(pairs):
        cache = caches[int(rng.choice(len(caches), p=counts / counts.sum()))]
        asked = random_request(rng, ["photo", *(STYLES[number] for number in cache.places)])
        views, shift[1, i], same[:, i] = two_views(rng, cache, asked.style, side, motions)
        camera = random_webcam(rng)
        for when, view in enumerate(views):
            clean = view.cut(cache.sources[view.crop], side)
            drawn = clean if view.slot is None else view.cut(cache.targets[view.crop, view.slot], side)
            pixels[when, i, 0] = filmed(clean, rng, **camera)  # type: ignore[arg-type]
            pixels[when, i, 1], pixels[when, i, 2] = clean, tone(drawn, asked.palette, asked.mood)
            weight[when, i, 0] = view.face_weight(cache.faces[view.crop], cells)
        prompts.append(asked.words)
    pictures = torch.from_numpy(pixels).permute(0, 1, 2, 5, 3, 4).float() / 127.5 - 1
    latents = encode(vae, pictures.flatten(0, 2)).unflatten(0, (2, pairs, 3))
    seen, source, target = latents.unbind(2)
    moved, still, heavy = (torch.from_numpy(array) for array in (shift, same, weight))
    return Batch(seen, source, target, pictures[:, :, 1:], heavy, moved, still, prompts)


@dataclass(frozen=True)
class View:
    """A square of a crop: its corner and side in pixels, and where its target lies; no slot is the photo itself."""

    crop: int
    slot: int | None
    top: int
    left: int
    side: int

    def cut(self, picture: np.ndarray, side: int) -> np.ndarray:
        """What the view shows of a picture [S, S, 3], as [side, side, 3]."""
        part = picture[self.top : self.top + self.side, self.left : self.left + self.side]
        return part if self.side == side else cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)

    def face_weight(self, face: np.ndarray, cells: int) -> np.ndarray:
        """How much each cell counts for a face (left, top, right, bottom), [cells, cells], 1 in the mean."""
        weight = np.ones((cells, cells), np.float32)
        low = (face[:2] - (self.left, self.top)) * cells / self.side
        high = (face[2:] - (self.left, self.top)) * cells / self.side
        left, top = np.clip(np.floor(low), 0, cells).astype(int)
        right, bottom = np.clip(np.ceil(high), 0, cells).astype(int)
        if face[2] > face[0]:
            weight[top:bottom, left:right] = FACE_WEIGHT
        return weight / weight.mean()


def two_views(
    rng: np.random.Generator, cache: Cache, style: str, side: int, motions: Mapping[str, float]
) -> tuple[tuple[View, View], tuple[int, int], bool]:
    """An earlier and a later view of targets in a style, the shift in cells, and whether they show one place."""
    crop, slot = _any_target(rng, cache, style)
    room = cache.targets.shape[2] - side
    motion = rng.choice(list(motions), p=list(motions.values()))
    if room == 0 and motion in ("cells", "pixels", "zoom"):
        motion = "still"
    first = _corner(rng, cache.faces[crop], room, side)
    earlier = _view(crop, slot, first, side)
    if motion == "cut":
        crop, slot = _any_target(rng, cache, style)
        return (earlier, _view(crop, slot, _corner(rng, cache.faces[crop], room, side), side)), (0, 0), False
    if motion == "cells":
        second = np.clip(first + 8 * rng.integers(-3, 4, 2), 0, room // 8 * 8)
        down, right = ((second - first) // 8).tolist()
        return (earlier, _view(crop, slot, second, side)), (down, right), True
    if motion == "pixels":
        second = np.clip(first + rng.integers(-14, 15, 2), 0, room)
        return (earlier, _view(crop, slot, second, side)), (0, 0), False
    if motion == "zoom":
        nearer = int(rng.integers(round(0.9 * side), min(side + room, round(1.1 * side)) + 1))
        second = np.clip(first + (side - nearer) // 2, 0, side + room - nearer)
        return (earlier, _view(crop, slot, second, nearer)), (0, 0), False
    return (earlier, earlier), (0, 0), True


def _view(crop: int, slot: int | None, corner: np.ndarray, side: int) -> View:
    return View(crop, slot, int(corner[0]), int(corner[1]), side)


def _any_target(rng: np.random.Generator, cache: Cache, style: str) -> tuple[int, int | None]:
    """The crop and the slot of a random target in the style."""
    if style == "photo":
        return int(rng.integers(len(cache.sources))), None
    places = cache.places[STYLES.index(style)]
    crop, slot = places[int(rng.integers(len(places)))].tolist()
    return crop, slot


def _corner(rng: np.random.Generator, face: np.ndarray, room: int, side: int) -> np.ndarray:
    """The corner (top, left) of a view on the grid of cells; often one from which the middle of the face is seen."""
    if face[2] > face[0] and rng.random() < FACED:
        middle = np.array([face[1] + face[3], face[0] + face[2]]) / 2
        wanted = middle - side * rng.uniform(0.25, 0.75, 2)
        return (np.clip(wanted / 8, 0, room // 8).astype(np.int64)) * 8
    return 8 * rng.integers(0, room // 8 + 1, 2)
