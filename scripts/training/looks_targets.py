"""Classical teachers: what a style should make of a photo, drawn by image processing.

Every teacher is a pure function of the picture: RGB uint8 [H, W, 3] in, the same out, no random
numbers. None draws a screen, a grid or a paper texture of its own: a decoder of convolutions and
nearest-neighbour upsampling makes the same of every like cell, so over a flat wall it can't draw
dots or hatching, whatever it is shown. All marks follow from what is in the picture.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Picture = np.ndarray  # uint8 [H, W, 3]
Plane = np.ndarray  # float32 in 0..1, [H, W] or [H, W, 3]
Teacher = Callable[[Picture], Picture]


def _grey(picture: Picture) -> Plane:
    """Luminance in 0..1, [H, W]."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0


def _uint8(picture: Plane) -> Picture:
    """Clip a picture in 0..1 to uint8; a [H, W] picture becomes grey RGB."""
    out = np.clip(picture * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return np.repeat(out[:, :, None], 3, axis=2) if out.ndim == 2 else np.ascontiguousarray(out)


def _contrast(grey: Plane) -> Plane:
    """A firmer tone curve, the same for every picture.

    Stretching by the picture's own percentiles asked for what a part of the picture doesn't show, and
    styles that swing several times with brightness (chrome, thermal) never came out of such targets.
    """
    return np.clip((grey - 0.05) / 0.85, 0, 1).astype(np.float32)


def _edges(picture: Picture, *, sigma: float = 1.0) -> Plane:
    """Edge strength in 0..1 by the Sobel magnitude of the smoothed luminance, [H, W]."""
    grey = cv2.GaussianBlur(_grey(picture), (0, 0), sigma)
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.clip(np.sqrt(dx * dx + dy * dy) * 1.6, 0, 1)


def _lines(picture: Picture, *, sigma: float = 1.2, gain: float = 22.0) -> Plane:
    """Dark drawn lines by a difference of Gaussians: 1 on a line, 0 elsewhere, [H, W]."""
    grey = _grey(picture)
    fine = cv2.GaussianBlur(grey, (0, 0), sigma)
    coarse = cv2.GaussianBlur(grey, (0, 0), sigma * 1.6)
    return np.clip((coarse - fine) * gain - 0.12, 0, 1)


def _flat(picture: Picture, *, levels: int, saturation: float) -> Plane:
    """Smooth colour areas with `levels` steps of brightness, in 0..1, [H, W, 3]."""
    smooth = picture
    for _ in range(2):
        smooth = cv2.bilateralFilter(smooth, 7, 38, 7)
    hsv = cv2.cvtColor(smooth.astype(np.float32) / 255.0, cv2.COLOR_RGB2HSV)
    hsv[..., 1] = np.clip(hsv[..., 1] * saturation, 0, 1)
    step = hsv[..., 2] * levels
    base = np.floor(step)
    # A short ramp between the steps: a hard one flickers with the noise of a webcam.
    hsv[..., 2] = np.clip((base + np.clip((step - base - 0.4) * 5, 0, 1)) / levels, 0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def photo(picture: Picture) -> Picture:
    """The picture itself: the teacher of the empty prompt."""
    return picture.copy()


def pencil(picture: Picture) -> Picture:
    """Graphite on white paper: dodge of a blurred negative plus drawn lines."""
    grey = _grey(picture)
    blurred = cv2.GaussianBlur(1 - grey, (0, 0), 7)
    dodge = np.clip(grey / np.maximum(1 - blurred, 0.04), 0, 1)
    return _uint8((0.97 - 0.85 * _lines(picture, gain=12)) * dodge**1.8)


def charcoal(picture: Picture) -> Picture:
    """Heavy charcoal: deep smudged shadows, pale paper, thick soft lines."""
    tone = cv2.GaussianBlur(_contrast(_grey(picture)), (0, 0), 1.6)
    tone = 1 / (1 + np.exp(-8 * (tone - 0.58)))
    lines = cv2.GaussianBlur(_lines(picture, sigma=2.4, gain=26), (0, 0), 0.8)
    return _uint8((0.05 + 0.80 * tone) * (1 - 0.95 * lines))


def linocut(picture: Picture) -> Picture:
    """A two-tone print: black ink and white paper with a soft threshold."""
    grey = cv2.GaussianBlur(_grey(picture), (0, 0), 1.4)
    local = cv2.GaussianBlur(grey, (0, 0), 22)
    tone = np.clip((grey - (0.55 * local + 0.45 * 0.46)) * 14 + 0.5, 0, 1)
    return _uint8(0.04 + 0.93 * tone * (1 - _lines(picture, gain=16)))


def comic(picture: Picture) -> Picture:
    """Inked comic: few flat loud colours, black shadows, thick outlines."""
    flat = _flat(picture, levels=3, saturation=2.2)
    tone = _contrast(cv2.GaussianBlur(_grey(picture), (0, 0), 1.5))
    shadow = np.clip((0.26 - tone) * 12, 0, 1)
    ink = np.maximum(shadow, _lines(picture, sigma=1.6, gain=36))
    return _uint8(np.clip(flat * 1.25 + 0.06, 0, 1) * (1 - ink[..., None]))


def cartoon(picture: Picture) -> Picture:
    """Cel animation: smooth saturated areas and dark outlines."""
    flat = _flat(picture, levels=4, saturation=2.0) ** 0.65
    return _uint8(flat * (1 - 0.92 * _lines(picture, sigma=1.9, gain=32)[..., None]))


def neon(picture: Picture) -> Picture:
    """Glowing tubes along the edges, cyan to magenta by brightness, on a dark room."""
    edge = np.clip(_edges(picture, sigma=1.2) * 1.5 - 0.06, 0, 1)
    tone = cv2.GaussianBlur(_grey(picture), (0, 0), 5)[..., None]
    colour = np.array([0.05, 0.9, 1.0]) * (1 - tone) + np.array([1.0, 0.1, 0.85]) * tone
    glow = cv2.GaussianBlur(edge, (0, 0), 4)[..., None]
    dark = np.array([0.03, 0.01, 0.09]) + 0.10 * tone * np.array([0.4, 0.3, 1.0])
    return _uint8(dark + glow * colour * 0.9 + edge[..., None] * (0.35 + 0.65 * colour))


def blueprint(picture: Picture) -> Picture:
    """White draughtsman's lines on blue paper."""
    edge = np.clip(_edges(picture, sigma=1.0) * 1.9 - 0.10, 0, 1)[..., None]
    tone = _contrast(_grey(picture))[..., None]
    paper = np.array([0.03, 0.17, 0.50]) + tone * np.array([0.04, 0.11, 0.17])
    return _uint8(paper + edge * (np.array([0.95, 0.98, 1.0]) - paper))


def pixel(picture: Picture) -> Picture:
    """Pixel art: blocks of 4 pixels in loud, bright colours."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    image = small.astype(np.float32) / 255.0
    grey = image.mean(axis=2, keepdims=True)
    image = np.clip(grey + (image - grey) * 2.2, 0, 1)
    image = np.clip((image - 0.5) * 1.25 + 0.55, 0, 1)
    return _uint8(cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST))


def vintage(picture: Picture) -> Picture:
    """An old faded photograph: sepia, lifted blacks, low contrast."""
    tone = cv2.GaussianBlur(_contrast(_grey(picture)), (0, 0), 0.8)[..., None]
    dark, pale = np.array([0.20, 0.10, 0.05]), np.array([0.98, 0.90, 0.70])
    return _uint8(dark + tone**0.9 * (pale - dark))


def thermal(picture: Picture) -> Picture:
    """A heat camera's false colours by brightness."""
    tone = _uint8(cv2.GaussianBlur(_contrast(_grey(picture)), (0, 0), 2.2))[..., 0]
    return cv2.cvtColor(cv2.applyColorMap(tone, cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)


def popart(picture: Picture) -> Picture:
    """A silk-screen print: four flat inks by brightness."""
    tone = cv2.GaussianBlur(_contrast(_grey(picture)), (0, 0), 1.6) * 4 - 0.5
    inks = np.array([[0.16, 0.05, 0.42], [0.90, 0.10, 0.48], [1.0, 0.62, 0.05], [0.98, 0.95, 0.45]])
    out = np.broadcast_to(inks[0], (*tone.shape, 3))
    for index in range(1, 4):
        cover = np.clip((tone - index + 0.5) * 6, 0, 1)[..., None]
        out = out + cover * (inks[index] - out)
    return _uint8(out)


def glitch(picture: Picture) -> Picture:
    """A worn video tape: smeared colours, split to red on the left and blue on the right."""
    image = cv2.GaussianBlur(picture, (0, 0), 0.8).astype(np.float32) / 255.0
    red, blue = np.roll(image[..., 0], -8, axis=1), np.roll(image[..., 2], 8, axis=1)
    out = np.stack([red, image[..., 1], blue], axis=-1)
    grey = out.mean(axis=2, keepdims=True)
    return _uint8(np.clip(grey + (out - grey) * 1.6, 0, 1) * 0.9 + np.array([0.08, 0.0, 0.10]))


CLASSICAL: dict[str, Teacher] = {
    "photo": photo,
    "pencil": pencil,
    "charcoal": charcoal,
    "linocut": linocut,
    "comic": comic,
    "cartoon": cartoon,
    "neon": neon,
    "blueprint": blueprint,
    "pixel": pixel,
    "vintage": vintage,
    "thermal": thermal,
    "popart": popart,
    "glitch": glitch,
}
